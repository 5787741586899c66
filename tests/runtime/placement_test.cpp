// Which shard a task lives on, and what spawning answers when there is none for it.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "entry.hpp"

namespace spargio {
namespace {

using runtime_test::until_stopped;
using runtime_test::where_it_runs;
using runtime_test::with_shards;

unsigned shard_of(const runtime& own, placement where) {
    return own.handle().spawn(where, where_it_runs)->wait();
}

TEST(Placement, PinnedIsThatShard) {
    const runtime own = with_shards(3);
    for (unsigned shard = 0; shard < 3; ++shard) {
        EXPECT_EQ(shard_of(own, placement::pinned(shard)), shard);
        EXPECT_EQ(own.handle().spawn(placement::pinned(shard), where_it_runs())->wait(), shard);
        EXPECT_EQ(own.handle().spawn_local_on(shard, where_it_runs)->wait(), shard);
    }
}

TEST(Placement, PinnedBeyondTheLastShardIsRefused) {
    const runtime own = with_shards(2);
    const auto refused = own.handle().spawn(placement::pinned(2), where_it_runs);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), errc::no_such_shard);
    EXPECT_EQ(own.handle().spawn(placement::pinned(~0u), where_it_runs()).error(),
              errc::no_such_shard);
    EXPECT_EQ(own.stats(0).tasks_alive + own.stats(1).tasks_alive, 0u);
}

TEST(Placement, RoundRobinIsEven) {
    const runtime own = with_shards(3);
    std::vector<int> tasks(3);
    for (int i = 0; i < 300; ++i)
        ++tasks[shard_of(own, placement::round_robin())];
    EXPECT_EQ(tasks, (std::vector<int>{100, 100, 100}));
}

TEST(Placement, StickyIsTheSameShardForTheSameKeyInEveryRuntime) {
    const runtime first = with_shards(3);
    const runtime second = with_shards(3);
    std::vector<int> keys(3);
    for (std::uint64_t key = 0; key < 300; ++key) {
        const unsigned shard = shard_of(first, placement::sticky(key));
        EXPECT_EQ(shard_of(first, placement::sticky(key)), shard);
        EXPECT_EQ(shard_of(second, placement::sticky(key)), shard);
        ++keys[shard];
    }
    for (int share : keys)
        EXPECT_GT(share, 60);
}

TEST(Placement, StickyIsTheSameShardInEveryProcess) {
    // What another process with four shards finds, written down once.
    const runtime own = with_shards(4);
    std::vector<unsigned> found;
    for (std::uint64_t key : {0ull, 1ull, 2ull, 3ull, 42ull, ~0ull})
        found.push_back(shard_of(own, placement::sticky(key)));
    EXPECT_EQ(found, (std::vector<unsigned>{0, 1, 2, 0, 2, 3}));
}

TEST(Placement, LocalIsTheSpawningTasksShard) {
    runtime own = with_shards(2);
    const auto handle = own.handle();
    for (unsigned shard = 0; shard < 2; ++shard) {
        own.block_on(shard, [&, shard]() -> task<void> {
            EXPECT_EQ(co_await *handle.spawn(placement::local(), where_it_runs), shard);
            EXPECT_EQ(co_await *this_shard::spawn(where_it_runs), shard);
            EXPECT_EQ(co_await *this_shard::spawn(where_it_runs()), shard);
        });
    }
}

TEST(Placement, LocalNeedsAShardOfThisRuntime) {
    runtime own = with_shards(1);
    runtime other = with_shards(1);
    EXPECT_EQ(own.handle().spawn(placement::local(), where_it_runs).error(), errc::not_on_shard);
    const auto handle = own.handle();
    EXPECT_EQ(other.block_on([&]() -> task<std::error_code> {
        const auto refused = handle.spawn(placement::local(), where_it_runs);
        co_return refused ? std::error_code() : refused.error();
    }),
              errc::not_on_shard);
}

TEST(Placement, SpawnedFromAnotherRuntimesShardItRunsWhereItShould) {
    runtime own = with_shards(2);
    runtime other = with_shards(2);
    const auto handle = own.handle();
    for (int round = 0; round < 200; ++round) {
        other.block_on(1, [&]() -> task<void> {
            EXPECT_EQ(co_await *handle.spawn(placement::pinned(1), where_it_runs), 1u);
            EXPECT_EQ(co_await *handle.spawn(placement::pinned(0), where_it_runs()), 0u);
            EXPECT_EQ(this_shard::id(), 1u);
        });
    }
}

TEST(Placement, ACallableIsCalledOnTheTasksShard) {
    const runtime own = with_shards(2);
    auto called_by = own.handle().spawn(placement::pinned(1), []() -> task<std::thread::id> {
        // A coroutine's body runs where it is resumed; this part runs where it is called.
        return runtime_test::value_of(std::this_thread::get_id());
    });
    auto runs_on = own.handle().spawn(placement::pinned(1), []() -> task<std::thread::id> {
        co_return std::this_thread::get_id();
    });
    EXPECT_EQ(called_by->wait(), runs_on->wait());
}

// --- bounds --------------------------------------------------------------------------------------

TEST(Spawn, PastTheBoundIsOverloadedAndThereIsRoomAgainAfterAnEnd) {
    runtime own = runtime_test::built(runtime_builder().shards(2).max_tasks(3));
    for (unsigned shard = 0; shard < 2; ++shard) {
        const auto where = placement::pinned(shard);
        std::vector<join_handle<bool>> tasks;
        for (int i = 0; i < 3; ++i)
            tasks.push_back(*own.handle().spawn(where, until_stopped()));
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(own.handle().spawn(where, until_stopped()).error(), errc::overloaded);
        EXPECT_EQ(own.stats(shard).tasks_alive, 3u);
        for (int i = 0; i < 200; ++i) {
            // Whoever sees the end finds the room.
            tasks.front().request_stop();
            EXPECT_TRUE(tasks.front().wait());
            auto next = own.handle().spawn(where, until_stopped);
            ASSERT_TRUE(next.has_value()) << next.error().message();
            tasks.front() = *std::move(next);
        }
        for (auto& each : tasks) {
            each.request_stop();
            EXPECT_TRUE(each.wait());
        }
        EXPECT_EQ(own.stats(shard).tasks_alive, 0u);
        EXPECT_EQ(own.stats(shard).tasks_spawned, 203u);
    }
}

TEST(Spawn, PastTheBoundOnTheSpawnersOwnShard) {
    runtime own = runtime_test::built(runtime_builder().shards(1).max_tasks(2));
    own.block_on([]() -> task<void> {
        for (int i = 0; i < 50; ++i) {
            auto first = this_shard::spawn(until_stopped);
            EXPECT_TRUE(first.has_value());
            EXPECT_EQ(this_shard::spawn(until_stopped).error(), errc::overloaded);
            EXPECT_EQ(this_shard::spawn(until_stopped()).error(), errc::overloaded);
            first->request_stop();
            EXPECT_TRUE(co_await *first);
        }
    });
}

/// From a thread stealable tasks are spread in turn, so that each shard's room is used.
TEST(Spawn, PastTheBoundInEveryPlacementAndWhatWasTakenEnds) {
    struct room {
        placement where;
        unsigned tasks;
    };
    for (const auto& [where, tasks] : {room{placement::round_robin(), 6},
                                       {placement::sticky(5), 3},
                                       {placement::stealable(), 6},
                                       {placement::stealable_preferred(1), 3}}) {
        runtime own = runtime_test::built(runtime_builder().shards(2).max_tasks(3));
        std::vector<join_handle<bool>> taken;
        for (int i = 0; i < 20; ++i) {
            auto spawned = own.handle().spawn(where, until_stopped);
            if (spawned)
                taken.push_back(*std::move(spawned));
            else
                EXPECT_EQ(spawned.error(), errc::overloaded);
        }
        EXPECT_EQ(taken.size(), tasks);
        for (auto& each : taken)
            each.request_stop();
        for (auto& each : taken)
            EXPECT_TRUE(each.wait());
        EXPECT_EQ(own.stats(0).tasks_alive + own.stats(1).tasks_alive, 0u);
        EXPECT_EQ(own.stats(0).tasks_spawned + own.stats(1).tasks_spawned, tasks);
        EXPECT_TRUE(own.handle().spawn(where, where_it_runs)->wait() < 2);
    }
}

TEST(Spawn, ARefusedTaskIsNotStartedAndItsFrameIsFreed) {
    const runtime own = runtime_test::built(runtime_builder().shards(1).max_tasks(1));
    auto only = own.handle().spawn(placement::pinned(0), until_stopped);
    const auto token = std::make_shared<int>();
    const auto take = [](std::shared_ptr<int>) -> task<void> {
        ADD_FAILURE() << "it was started";
        co_return;
    };
    EXPECT_FALSE(own.handle().spawn(placement::pinned(0), take(token)).has_value());
    EXPECT_FALSE(own.handle().spawn(placement::pinned(0), [token, take] { return take(token); }));
    EXPECT_EQ(token.use_count(), 1);
    only->request_stop();
    EXPECT_TRUE(only->wait());
}

TEST(Spawn, AfterTheShutdownIsRefusedEverywhere) {
    runtime own = with_shards(2);
    const auto handle = own.handle();
    own.shutdown_blocking();
    for (const placement where :
         {placement::pinned(0), placement::pinned(1), placement::round_robin(),
          placement::sticky(5), placement::stealable(), placement::stealable_preferred(1)})
        EXPECT_EQ(handle.spawn(where, where_it_runs).error(), errc::shut_down);
    EXPECT_EQ(handle.spawn_local_on(1, where_it_runs).error(), errc::shut_down);
    EXPECT_EQ(handle.spawn(placement::pinned(2), where_it_runs).error(), errc::no_such_shard);
}

TEST(Spawn, AHandleOutlivesItsRuntime) {
    std::optional<runtime_handle> handle;
    {
        const runtime own = with_shards(2);
        handle = own.handle();
    }
    EXPECT_EQ(handle->shard_count(), 2u);
    EXPECT_EQ(handle->spawn(placement::pinned(0), where_it_runs).error(), errc::shut_down);
    EXPECT_EQ(handle->remote(0)->send_raw_nowait(1, 2).error(), errc::shut_down);
    EXPECT_EQ(handle->stats(1).tasks_alive, 0u);
}

TEST(Spawn, FromFourForeignThreadsAtOnce) {
    runtime own = with_shards(2);
    constexpr int each = 500;
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                auto spawned = own.handle().spawn(placement::round_robin(), [&sum]() -> task<int> {
                    ++sum;
                    co_return 1;
                });
                ASSERT_TRUE(spawned.has_value());
                if (i % 3 == 0) {
                    spawned->detach();
                } else {
                    sum += spawned->wait();
                }
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_EQ(sum.load(), 4 * each + 4 * (each - (each + 2) / 3));
    EXPECT_EQ(own.stats(0).tasks_spawned + own.stats(1).tasks_spawned, 4u * each);
}

TEST(Spawn, NumbersAreUnique) {
    runtime own = with_shards(2);
    std::vector<std::uint64_t> numbers = own.block_on([&]() -> task<std::vector<std::uint64_t>> {
        std::vector<std::uint64_t> seen;
        std::vector<join_handle<unsigned>> tasks;
        for (int i = 0; i < 100; ++i) {
            tasks.push_back(*this_shard::spawn(where_it_runs));
            tasks.push_back(*this_runtime().spawn(placement::pinned(0), where_it_runs));
            tasks.push_back(*this_runtime().spawn(placement::pinned(1), where_it_runs));
        }
        for (auto& each : tasks) {
            seen.push_back(each.id());
            co_await each;
        }
        co_return seen;
    });
    for (int i = 0; i < 100; ++i) {
        auto foreign = own.handle().spawn(placement::round_robin(), where_it_runs);
        numbers.push_back(foreign->id());
        foreign->wait();
    }
    std::ranges::sort(numbers);
    EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
    EXPECT_NE(numbers.front(), 0u);
}

}  // namespace
}  // namespace spargio
