#include "spargio/runtime/task_group.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "spargio/runtime/run.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

task<void> add(std::atomic<int>& sum, int amount) {
    sum += amount;
    co_return;
}

/// Ends when it is asked to, and counts that it was.
task<void> until_stopped(std::atomic<int>& stopped) {
    const auto slept = co_await sleep_for(1h);
    if (!slept && slept.error() == std::errc::operation_canceled)
        ++stopped;
}

task<void> throwing() {
    throw std::runtime_error("child");
    co_return;
}

template <class Entry>
auto on_two_shards(Entry entry) {
    return run_with(runtime_builder().shards(2), std::move(entry));
}

TEST(TaskGroup, JoinWaitsForChildrenOnEveryShard) {
    const int total = on_two_shards([]() -> task<int> {
        std::atomic<int> sum = 0;
        task_group group;
        for (int i = 1; i <= 100; ++i)
            EXPECT_TRUE(group.spawn(placement::round_robin(), add(sum, i)));
        co_await group.join();
        co_return sum.load();
    });
    EXPECT_EQ(total, 5050);
}

/// Most of what this is worth it is worth under thread sanitizer.
TEST(TaskGroup, AChildElsewhereMayAskForItsSizeWhileItIsJoined) {
    on_two_shards([]() -> task<void> {
        for (int round = 0; round < 20; ++round) {
            std::atomic<bool> asked = false;
            task_group group;
            EXPECT_TRUE(group.spawn(placement::pinned(1), [&]() -> task<void> {
                for (int i = 0; i < 200; ++i)
                    EXPECT_LE(group.size(), 2u);  // the join, perhaps, is counted
                asked = true;
                co_return;
            }));
            if (round % 2 == 0) {
                while (!asked)
                    co_await yield();
            }
            co_await group.join();
            EXPECT_EQ(group.size(), 0u);
        }
    });
}

TEST(TaskGroup, ACallableBuildsItsTaskOnTheChildsShard) {
    const unsigned seen = on_two_shards([]() -> task<unsigned> {
        unsigned where = 99;
        task_group group;
        EXPECT_TRUE(group.spawn(placement::pinned(1), [&where]() -> task<void> {
            where = this_shard::id();
            co_return;
        }));
        co_await group.join();
        co_return where;
    });
    EXPECT_EQ(seen, 1u);
}

TEST(TaskGroup, TheFirstExceptionStopsTheOthersAndIsRethrown) {
    on_two_shards([]() -> task<void> {
        std::atomic<int> stopped = 0;
        task_group group;
        EXPECT_TRUE(group.spawn(placement::pinned(0), until_stopped(stopped)));
        EXPECT_TRUE(group.spawn(placement::pinned(1), until_stopped(stopped)));
        EXPECT_TRUE(group.spawn(placement::pinned(1), throwing()));
        bool caught = false;
        try {
            co_await group.join();
        } catch (const std::runtime_error& thrown) {
            caught = std::string_view(thrown.what()) == "child";
        }
        EXPECT_TRUE(caught);
        EXPECT_EQ(stopped, 2);
    });
}

TEST(TaskGroup, AStopOfTheJoiningTaskReachesEveryChild) {
    on_two_shards([]() -> task<void> {
        std::atomic<int> stopped = 0;
        auto parent = [](std::atomic<int>& count) -> task<void> {
            task_group group;
            EXPECT_TRUE(group.spawn(placement::pinned(0), until_stopped(count)));
            EXPECT_TRUE(group.spawn(placement::pinned(1), until_stopped(count)));
            co_await group.join();
        };
        auto handle = this_shard::spawn(parent(stopped));
        handle->request_stop();
        co_await *handle;
        EXPECT_EQ(stopped, 2);
    });
}

/// Children spawn children into the group, on every shard, while its owner is cancelled.
TEST(TaskGroup, AStopWhileChildrenSpawnReachesThemAll) {
    on_two_shards([]() -> task<void> {
        for (int round = 0; round < 200; ++round) {
            std::atomic<int> begun = 0;
            std::atomic<int> stopped = 0;
            auto parent = [](std::atomic<int>& started, std::atomic<int>& ended) -> task<void> {
                task_group group;
                for (int i = 0; i < 4; ++i) {
                    value_or_throw(group.spawn(
                        placement::stealable(), [&group, &started, &ended]() -> task<void> {
                            for (int k = 0; k < 4; ++k) {
                                ++started;
                                value_or_throw(
                                    group.spawn(placement::stealable(), until_stopped(ended)));
                                co_await yield();
                            }
                        }));
                }
                co_await group.join();
            };
            auto handle = value_or_throw(
                this_runtime().spawn(placement::stealable(), parent(begun, stopped)));
            while (begun < round % 16)
                co_await yield();
            handle.request_stop();
            co_await handle;
            EXPECT_EQ(stopped, 16);
        }
    });
}

TEST(TaskGroup, AChildSpawnedAfterTheStopIsStoppedToo) {
    on_two_shards([]() -> task<void> {
        std::atomic<int> stopped = 0;
        task_group group;
        group.request_stop();
        EXPECT_TRUE(group.spawn(placement::pinned(1), until_stopped(stopped)));
        co_await group.join();
        EXPECT_EQ(stopped, 1);
    });
}

task<void> tree(task_group& group, std::atomic<int>& leaves, int depth) {
    if (depth == 0) {
        ++leaves;
        co_return;
    }
    for (int i = 0; i < 2; ++i)
        EXPECT_TRUE(group.spawn(placement::round_robin(), tree(group, leaves, depth - 1)));
}

TEST(TaskGroup, ChildrenSpawnIntoTheGroupTheyBelongTo) {
    const int leaves = on_two_shards([]() -> task<int> {
        std::atomic<int> count = 0;
        task_group group;
        EXPECT_TRUE(group.spawn(tree(group, count, 8)));
        co_await group.join();
        co_return count.load();
    });
    EXPECT_EQ(leaves, 256);
}

TEST(TaskGroup, PastTheBoundNothingIsStartedAndTheOthersAreJoined) {
    const int started = run_with(runtime_builder().shards(1).max_tasks(4), []() -> task<int> {
        std::atomic<int> sum = 0;
        int accepted = 0;
        task_group group;
        for (int i = 0; i < 10; ++i) {
            const auto spawned = group.spawn(placement::pinned(0), add(sum, 1));
            if (spawned)
                ++accepted;
            else
                EXPECT_EQ(spawned.error(), errc::overloaded);
        }
        co_await group.join();
        EXPECT_EQ(sum, accepted);
        co_return accepted;
    });
    EXPECT_EQ(started, 3);  // beside the entry task
}

TEST(TaskGroup, AnEmptyGroupJoinsAtOnce) {
    on_two_shards([]() -> task<void> {
        task_group group;
        co_await group.join();
    });
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(TaskGroupDeathTest, ChildrenAreJoinedBeforeTheGroupIsGone) {
    EXPECT_DEATH(on_two_shards([]() -> task<void> {
                     std::atomic<int> stopped = 0;
                     {
                         task_group group;
                         EXPECT_TRUE(group.spawn(placement::stealable(), until_stopped(stopped)));
                     }
                     co_return;
                 }),
                 "joined_");
}
#endif

TEST(ThisTask, KnowsItsNameItsNumberAndItsStopToken) {
    on_two_shards([]() -> task<void> {
        auto probe = []() -> task<std::uint64_t> {
            EXPECT_STREQ(co_await this_task::name(), "probe");
            const stop_token stop = co_await this_task::stop();
            (void)co_await sleep_for(1h);
            EXPECT_TRUE(stop.stop_requested());
            co_return co_await this_task::id();
        };
        auto handle = this_runtime().spawn(placement::pinned(1), probe(), {"probe"});
        const std::uint64_t id = handle->id();
        handle->request_stop();
        EXPECT_EQ(co_await *handle, id);
        EXPECT_NE(id, co_await this_task::id());
    });
}

}  // namespace
}  // namespace spargio
