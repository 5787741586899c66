// Where stealable tasks and connections' sessions start, when nobody steals.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/yield.hpp"
#include "steal_stage.hpp"
#include "stuck_shard.hpp"

namespace spargio {
namespace {

using runtime_test::built;
using runtime_test::pipe_ends;
using runtime_test::read_from;
using runtime_test::stealing_alone;
using runtime_test::where_it_runs;

/// Nothing exceeds what a victim keeps.
runtime where_nobody_steals(unsigned shards) {
    return built(stealing_alone(shards, {.locality_margin = 65'536}));
}

/// A read that ends when its task is stopped.
task<void> reads_in_vain(int descriptor) {
    std::array<std::byte, 1> byte;
    const auto read = co_await read_from(descriptor, byte);
    EXPECT_EQ(read.error(), std::errc::operation_canceled);
}

/// So many operations that wait for the kernel, from before the test until after it.
class operations_on {
public:
    operations_on(const runtime& own, unsigned shard, unsigned count) {
        const unsigned before = own.stats(shard).operations_in_flight;
        for (unsigned i = 0; i != count; ++i)
            tasks_.push_back(
                value_or_throw(own.handle().spawn_pinned(shard, reads_in_vain(pipe_.reader()))));
        EXPECT_TRUE(runtime_test::comes_to_be(
            [&] { return own.stats(shard).operations_in_flight == before + count; }));
    }
    operations_on(const operations_on&) = delete;
    operations_on& operator=(const operations_on&) = delete;
    ~operations_on() {
        for (auto& each : tasks_)
            each.request_stop();
        for (auto& each : tasks_)
            each.wait();
    }

private:
    pipe_ends pipe_;
    std::vector<join_handle<void>> tasks_;
};

/// How many of 90 stealable tasks that `spawner` spawns start on each shard.
std::vector<unsigned> starts_by_shard(runtime& own, unsigned spawner) {
    return own.block_on(spawner, [&]() -> task<std::vector<unsigned>> {
        std::vector<unsigned> starts(own.shard_count());
        for (int i = 0; i < 90; ++i)
            ++starts[co_await *this_runtime().spawn_stealable(where_it_runs)];
        co_return starts;
    });
}

TEST(Homing, WhereTheLoadIsEvenATaskStartsWhereItWasSpawned) {
    runtime own = where_nobody_steals(3);
    EXPECT_EQ(starts_by_shard(own, 0), (std::vector<unsigned>{90, 0, 0}));
    EXPECT_EQ(starts_by_shard(own, 2), (std::vector<unsigned>{0, 0, 90}));
    // A few more here are no reason to go elsewhere.
    const operations_on few(own, 2, 4);
    EXPECT_EQ(starts_by_shard(own, 2), (std::vector<unsigned>{0, 0, 90}));
}

TEST(Homing, TasksStartWhereClearlyFewerOperationsWait) {
    runtime own = where_nobody_steals(3);
    const operations_on many(own, 0, 40);
    const std::vector<unsigned> of_loaded = starts_by_shard(own, 0);
    EXPECT_GE(of_loaded[1], 30u);
    EXPECT_GE(of_loaded[2], 30u);
    EXPECT_EQ(starts_by_shard(own, 1), (std::vector<unsigned>{0, 90, 0}));
    EXPECT_EQ(starts_by_shard(own, 2), (std::vector<unsigned>{0, 0, 90}));
    // The one that has as many is no better.
    const operations_on as_many(own, 1, 40);
    const std::vector<unsigned> of_one = starts_by_shard(own, 0);
    EXPECT_EQ(of_one[1], 0u);
    EXPECT_GE(of_one[2], 30u);
}

TEST(Homing, WhatIsPlacedByNameIsNotMovedByTheLoad) {
    runtime own = where_nobody_steals(2);
    const operations_on many(own, 0, 40);
    own.block_on(0, []() -> task<void> {
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(co_await *this_shard::spawn(where_it_runs), 0u);
            EXPECT_EQ(co_await *this_runtime().spawn_stealable_on(0, where_it_runs), 0u);
            EXPECT_EQ(co_await *this_runtime().spawn(placement::pinned(0), where_it_runs), 0u);
        }
    });
}

unsigned in_flight(const runtime& own) {
    unsigned all = 0;
    for (unsigned shard = 0; shard != own.shard_count(); ++shard)
        all += own.stats(shard).operations_in_flight;
    return all;
}

/// Of `tasks` tasks that each keep one operation waiting, how many more one shard has than it must.
void expect_even(const runtime& own, unsigned tasks) {
    for (unsigned shard = 0; shard != own.shard_count(); ++shard) {
        const auto share = own.stats(shard).operations_in_flight;
        EXPECT_GE(share, tasks / own.shard_count() * 8 / 10) << "on shard " << shard;
        EXPECT_LE(share, tasks / own.shard_count() * 12 / 10) << "on shard " << shard;
    }
}

TEST(Homing, TasksThatWaitSpreadOverTheShards) {
    constexpr unsigned tasks = 120;
    runtime own = where_nobody_steals(3);
    const pipe_ends pipe;
    own.block_on(0, [&]() -> task<void> {
        task_group group;
        for (unsigned i = 1; i <= tasks; ++i) {
            const unsigned before = in_flight(own);
            value_or_throw(group.spawn(placement::stealable(), reads_in_vain(pipe.reader())));
            while (in_flight(own) == before)
                co_await yield();
        }
        expect_even(own, tasks);
        group.request_stop();
        co_await group.join();
    });
}

// --- sessions ------------------------------------------------------------------------------------

/// A connection from this process, which closes its end with it.
class connection {
public:
    explicit connection(const socket_address& to)
        : socket_(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::connect(socket_, to.data(), to.size()), 0);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { ::close(socket_); }

private:
    int socket_;
};

task<void> serves_until_closed(tcp_stream stream) {
    std::array<std::byte, 1> byte;
    EXPECT_EQ(co_await stream.read_some(byte), 0u);
}

TEST(Homing, SessionsOfOneAcceptorSpreadOverTheShards) {
    constexpr unsigned sessions = 60;
    runtime own = where_nobody_steals(2);
    own.block_on(0, [&]() -> task<void> {
        tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
        const socket_address address = value_or_throw(listener.local_address());
        std::deque<connection> peers;
        task_group group;
        for (unsigned i = 1; i <= sessions; ++i) {
            peers.emplace_back(address);
            tcp_stream stream = value_or_throw(co_await listener.accept());
            const unsigned before = in_flight(own);
            value_or_throw(
                group.spawn(placement::stealable(), serves_until_closed(std::move(stream))));
            while (in_flight(own) == before)
                co_await yield();
        }
        expect_even(own, sessions);
        peers.clear();
        co_await group.join();
    });
}

TEST(Homing, ASessionThatMayMoveStartsAtItsStreamsHome) {
    runtime own = where_nobody_steals(2);
    const operations_on many(own, 1, 40);
    own.block_on(0, []() -> task<void> {
        tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
        const socket_address address = value_or_throw(listener.local_address());
        for (unsigned home = 0; home != 2; ++home) {
            const connection peer(address);
            tcp_stream stream =
                value_or_throw(co_await listener.accept(session_policy::fixed(home)));
            const auto where_am_i = [](tcp_stream) { return where_it_runs(); };
            EXPECT_EQ(co_await *std::move(stream).spawn_stealable_on_session(where_am_i), home);
        }
    });
}

}  // namespace
}  // namespace spargio
