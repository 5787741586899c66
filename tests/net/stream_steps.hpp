#pragma once

#include <sys/socket.h>

#include <optional>

#include "net_steps.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::net_test {

/// Every buffer is in one place, and none is left with a lease.
inline task<void> expect_all_home(const buffer_pool* pool) {
    if (pool == nullptr)
        co_return;
    // What is on its way home, or with a request that is being cancelled, arrives within turns.
    for (int turns = 0; pool->ledger().leased != 0 && turns != 1000; ++turns)
        co_await yield();
    const buffer_ledger ledger = pool->ledger();
    EXPECT_EQ(ledger.leased, 0u);
    EXPECT_EQ(ledger.with_kernel + ledger.free, ledger.total);
}

/// The same for all buffers of this shard.
inline task<void> expect_all_home() {
    const buffer_pool* pool = shard::current()->buffers_in_use();
    co_await expect_all_home(pool);
    if (pool != nullptr)
        co_await expect_all_home(pool->whole_buffers_in_use());
}

inline task<void> expect_all_of_shard_home() {
    return expect_all_home();
}

/// A few small buffers, so that they run out.
inline runtime_builder small_buffers(unsigned count_of_shards) {
    return shards(count_of_shards).receive_buffers({.count = 16, .size = 256});
}

/// Runs `scenario` on shard 0, and looks for the buffers of all shards afterwards.
template <class Scenario>
void with_ledger(const runtime_builder& builder, Scenario scenario) {
    run_with(builder, [=]() -> task<void> {
        co_await scenario();
        for (unsigned each = 0; each != this_runtime().shard_count(); ++each)
            co_await value_or_throw(
                this_runtime().spawn(placement::pinned(each), expect_all_of_shard_home));
    });
}

/// A socket whose bytes come as leases, and the peer that sends them.
struct leased_pair {
    explicit leased_pair(testing::socket_pair pair)
        : sockets(std::move(pair)), stream(value_or_throw(receive_stream::open(sockets.first()))) {}
    leased_pair() : leased_pair(value_or_throw(testing::socket_pair::unix_stream())) {}

    void send(std::span<const std::byte> bytes) const {
        EXPECT_EQ(::send(sockets.second(), bytes.data(), bytes.size(), MSG_DONTWAIT),
                  static_cast<ssize_t>(bytes.size()));
    }
    void end() const { EXPECT_EQ(::shutdown(sockets.second(), SHUT_WR), 0); }

    testing::socket_pair sockets;
    receive_stream stream;
};

/// Takes leases to the end.
inline task<running_sum> sum_of_leases(receive_stream& stream) {
    running_sum sum;
    for (;;) {
        const buffer_lease lease = value_or_throw(co_await stream.next());
        if (lease.empty())
            co_return sum;
        sum.add(lease.bytes());
    }
}

}  // namespace spargio::net_test
