// What a request that goes on brings to a stuck shard reaches those who wait for it.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "entry.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::with_shards;

bool spin_until(const std::atomic<int>& count, int wanted) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (count.load(std::memory_order_acquire) < wanted) {
        if (std::chrono::steady_clock::now() > end)
            return false;
    }
    return true;
}

void send_byte(int descriptor, int value) {
    const auto byte = static_cast<std::byte>(value);
    EXPECT_EQ(::send(descriptor, &byte, 1, MSG_NOSIGNAL), 1);
}

/// Without it every arrival takes a request of its own, which a stuck shard does not submit.
bool goes_on(runtime& own, feature needed) {
    return own.block_on(
        0, [needed]() -> task<bool> { co_return shard::current()->stream_features().has(needed); });
}

constexpr int messages = 20;

/// A stealable reader at home on shard 0, with its request under way; shard 0 gets stuck. Every
/// message that comes meanwhile is read, and answered by the next one.
TEST(RescueStreams, LeasesAreTakenWhileTheirShardIsStuck) {
    runtime own = with_shards(2);
    if (!goes_on(own, feature::multishot_receive))
        GTEST_SKIP() << "one request receives once";
    own.block_on(0, []() -> task<void> {
        auto sockets = value_or_throw(testing::socket_pair::unix_stream());
        std::atomic<int> received = -1;
        auto reading = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                EXPECT_TRUE(co_await reschedule_on(0));
                auto stream = value_or_throw(receive_stream::open(sockets.first()));
                for (int at = 0; at < messages; ++at) {
                    const buffer_lease lease = value_or_throw(co_await stream.next());
                    EXPECT_EQ(lease.size(), 1u);
                    EXPECT_EQ(lease.bytes().front(), static_cast<std::byte>(at));
                    received.store(at, std::memory_order_release);
                }
            }));
        send_byte(sockets.second(), 0);
        // It waits for the second one, the first is read.
        while (received != 0)
            value_or_throw(co_await sleep_for(1ms));
        std::jthread peer([&] {
            for (int at = 1; at < messages; ++at) {
                send_byte(sockets.second(), at);
                // The shard itself is spinning until all have come.
                spin_until(received, at);
            }
        });
        EXPECT_TRUE(spin_until(received, messages - 1)) << received << " came";
        peer.join();
        co_await std::move(reading);
        const buffer_pool* pool = shard::current()->buffers_in_use();
        for (int turns = 0; pool->ledger().leased != 0 && turns < 1000; ++turns)
            value_or_throw(co_await sleep_for(100us));
        EXPECT_EQ(pool->ledger().leased, 0u);
    });
    EXPECT_GT(own.stats(1).items_rescued + own.stats(1).items_stolen, 0u);
}

TEST(RescueStreams, ConnectionsAreTakenWhileTheirShardIsStuck) {
    runtime own = with_shards(2);
    if (!goes_on(own, feature::multishot_accept))
        GTEST_SKIP() << "one request accepts once";
    own.block_on(0, []() -> task<void> {
        tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
        const auto address = value_or_throw(listener.local_address());
        const auto connect_once = [address] {
            const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            EXPECT_EQ(::connect(socket, address.data(), address.size()), 0);
            ::close(socket);
        };
        std::atomic<int> taken = 0;
        auto accepting = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                EXPECT_TRUE(co_await reschedule_on(0));
                auto accepted = value_or_throw(listener.accept_many());
                for (int at = 0; at < messages; ++at) {
                    (void)value_or_throw(co_await accepted.next());
                    taken.fetch_add(1, std::memory_order_acq_rel);
                }
            }));
        connect_once();
        while (taken == 0)
            value_or_throw(co_await sleep_for(1ms));
        std::jthread peer([&] {
            for (int at = 1; at < messages; ++at) {
                connect_once();
                spin_until(taken, at + 1);
            }
        });
        EXPECT_TRUE(spin_until(taken, messages)) << taken << " were taken";
        peer.join();
        co_await std::move(accepting);
    });
}

TEST(RescueStreams, AWaitForALeaseTimesOutWhileItsShardIsStuck) {
    runtime own = with_shards(2);
    own.block_on(0, []() -> task<void> {
        auto sockets = value_or_throw(testing::socket_pair::unix_stream());
        std::atomic<bool> begun = false;
        std::atomic<int> ended = 0;
        auto reading = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                EXPECT_TRUE(co_await reschedule_on(0));
                auto stream = value_or_throw(receive_stream::open(sockets.first()));
                begun = true;
                const auto lease =
                    co_await timeout(100ms, [](receive_stream& from) -> task<result<buffer_lease>> {
                        co_return co_await from.next();
                    }(stream));
                EXPECT_EQ(lease.error(), std::errc::timed_out);
                ended = 1;
            }));
        while (!begun)
            value_or_throw(co_await sleep_for(1ms));
        EXPECT_TRUE(spin_until(ended, 1));
        co_await std::move(reading);
    });
}

}  // namespace
}  // namespace spargio
