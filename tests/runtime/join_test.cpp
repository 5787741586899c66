// What a join handle promises.

#include "spargio/runtime/join_handle.hpp"

#include <gmock/gmock.h>

#include <cerrno>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

#include "entry.hpp"
#include "process.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using runtime_test::until_stopped;
using runtime_test::value_of;
using runtime_test::with_shards;

task<int> thrower(std::string what) {
    co_await yield();
    throw std::runtime_error(what);
}
task<int> early_thrower(std::string what) {
    throw std::runtime_error(what);
    co_return 0;
}
task<void> cancelled_by_exception() {
    const bool stopped = co_await until_stopped();
    if (stopped)
        throw std::system_error(ECANCELED, std::generic_category());
}

TEST(Join, YieldsTheValueVoidOrWhatCanOnlyBeMoved) {
    runtime own = with_shards(2);
    for (const placement where : {placement::pinned(0), placement::pinned(1)}) {
        own.block_on([&]() -> task<void> {
            const auto handle = this_runtime();
            EXPECT_EQ(co_await *handle.spawn(where, value_of(7)), 7);
            EXPECT_EQ(co_await *handle.spawn(where, [] { return value_of(8); }), 8);
            co_await *handle.spawn(where, []() -> task<void> { co_return; });
            const std::unique_ptr<int> moved =
                co_await *handle.spawn(where, value_of(std::make_unique<int>(9)));
            EXPECT_EQ(*moved, 9);
            int object = 3;
            int& same = co_await *handle.spawn(where, [&]() -> task<int&> { co_return object; });
            EXPECT_EQ(&same, &object);
        });
    }
}

TEST(Join, AMoveOnlyCallableLivesAsLongAsItsTask) {
    runtime own = with_shards(2);
    auto work = [data = std::make_unique<int>(5)]() -> task<int> {
        co_await yield();
        co_return *data;
    };
    EXPECT_EQ(own.handle().spawn(placement::pinned(1), std::move(work))->wait(), 5);
}

TEST(Join, RethrowsInEveryPlacement) {
    runtime own = with_shards(2);
    for (const placement where :
         {placement::pinned(0), placement::pinned(1), placement::round_robin(),
          placement::sticky(1), placement::stealable(), placement::stealable_preferred(1)}) {
        EXPECT_THROW(own.handle().spawn(where, thrower("x"))->wait(), std::runtime_error);
        EXPECT_THROW(own.handle().spawn(where, early_thrower("x"))->wait(), std::runtime_error);
        EXPECT_THROW(own.handle().spawn(where, [] { return thrower("x"); })->wait(),
                     std::runtime_error);
        // A callable that throws before there is a task.
        EXPECT_THROW(
            own.handle().spawn(where, []() -> task<int> { throw std::logic_error("y"); })->wait(),
            std::logic_error);
        EXPECT_THROW(own.block_on([&]() -> task<int> {
            co_return co_await *this_runtime().spawn(where, thrower("x"));
        }),
                     std::runtime_error);
    }
    EXPECT_THROW(
        own.block_on([]() -> task<int> { co_return co_await *this_shard::spawn(thrower("x")); }),
        std::runtime_error);
    EXPECT_EQ(own.stats(0).tasks_alive + own.stats(1).tasks_alive, 0u);
}

TEST(Join, OutcomeTellsValueExceptionAndCancelled) {
    runtime own = with_shards(1);
    own.block_on([]() -> task<void> {
        auto value = co_await this_shard::spawn(value_of(4))->join();
        EXPECT_TRUE(value.has_value());
        EXPECT_FALSE(value.has_exception());
        EXPECT_FALSE(value.cancelled());
        EXPECT_EQ(value.value(), 4);
        EXPECT_EQ(value.exception(), nullptr);

        const auto nothing = co_await this_shard::spawn([]() -> task<void> { co_return; })->join();
        EXPECT_TRUE(nothing.has_value());

        const auto thrown = co_await this_shard::spawn(thrower("x"))->join();
        EXPECT_FALSE(thrown.has_value());
        EXPECT_TRUE(thrown.has_exception());
        EXPECT_FALSE(thrown.cancelled());
        EXPECT_NE(thrown.exception(), nullptr);

        auto stopped = this_shard::spawn(cancelled_by_exception());
        stopped->request_stop();
        const auto cancelled = co_await stopped->join();
        EXPECT_TRUE(cancelled.cancelled());
        EXPECT_FALSE(cancelled.has_value());
        EXPECT_FALSE(cancelled.has_exception());

        // Nobody asked it to stop: then that is an exception like any other.
        const auto unasked = co_await this_shard::spawn([]() -> task<void> {
                                 throw std::system_error(ECANCELED, std::generic_category());
                                 co_return;
                             })->join();
        EXPECT_TRUE(unasked.has_exception());
        EXPECT_FALSE(unasked.cancelled());
    });
}

TEST(Join, StopReachesATaskBeforeItStartsWhileItRunsAndAfterItsEnd) {
    runtime own = with_shards(2);
    for (const placement where : {placement::pinned(0), placement::pinned(1)}) {
        own.block_on([&]() -> task<void> {
            auto early = *this_runtime().spawn(where, until_stopped());
            early.request_stop();
            EXPECT_TRUE(co_await early);

            std::atomic<bool> started = false;
            auto running = *this_runtime().spawn(where, [&]() -> task<bool> {
                started = true;
                co_return co_await until_stopped();
            });
            while (!started)
                co_await yield();
            EXPECT_FALSE(running.is_done());
            running.request_stop();
            EXPECT_TRUE(co_await running);

            auto over = *this_runtime().spawn(where, value_of(1));
            while (!over.is_done())
                co_await yield();
            over.request_stop();
            EXPECT_EQ(co_await over, 1);
            EXPECT_FALSE(over.valid());
        });
    }
}

TEST(Join, AThreadWaits) {
    runtime own = with_shards(1);
    std::atomic<bool> go = false;
    auto slow = own.handle().spawn(placement::pinned(0), [&]() -> task<int> {
        while (!go)
            co_await yield();
        co_return 6;
    });
    std::thread opener([&] { go = true; });
    EXPECT_EQ(slow->wait(), 6);
    opener.join();
    auto over = own.handle().spawn(placement::pinned(0), value_of(1));
    while (!over->is_done())
        std::this_thread::yield();
    EXPECT_EQ(over->wait(), 1);
}

TEST(Join, ManyThreadsWaitForTasksThatEndAtOnce) {
    const runtime own = with_shards(2);
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&] {
            for (int i = 0; i < 300; ++i)
                EXPECT_EQ(own.handle().spawn(placement::round_robin(), value_of(i))->wait(), i);
        });
    }
    for (std::thread& thread : threads)
        thread.join();
}

TEST(Join, AcrossShardsInBothDirections) {
    runtime own = with_shards(2);
    const auto ask = [](unsigned target) -> task<int> {
        int sum = 0;
        for (int i = 0; i < 500; ++i)
            sum += co_await *this_runtime().spawn(placement::pinned(target),
                                                  [] { return value_of(1); });
        co_return sum;
    };
    auto first = own.handle().spawn(placement::pinned(0), ask(1));
    auto second = own.handle().spawn(placement::pinned(1), ask(0));
    EXPECT_EQ(first->wait() + second->wait(), 1000);
}

TEST(Join, PassesAStopRequestOn) {
    runtime own = with_shards(2);
    for (const unsigned shard : {0u, 1u}) {
        const auto chain = [shard]() -> task<bool> {
            co_return co_await *this_runtime().spawn(placement::pinned(shard), until_stopped());
        };
        // Before the join, and while it waits.
        for (const bool early : {true, false}) {
            auto parent = own.handle().spawn(placement::pinned(0), chain);
            if (!early) {
                while (own.stats(0).tasks_alive + own.stats(1).tasks_alive != 2)
                    std::this_thread::yield();
            }
            parent->request_stop();
            EXPECT_TRUE(parent->wait());
        }
    }
}

TEST(Join, StopRequestsRaceTheEnd) {
    runtime own = with_shards(2);
    for (int i = 0; i < 500; ++i) {
        auto joined = own.handle().spawn(placement::pinned(0), []() -> task<int> {
            co_return co_await *this_runtime().spawn(placement::pinned(1), []() -> task<int> {
                co_await yield();
                co_return 2;
            });
        });
        joined->request_stop();
        EXPECT_EQ(joined->wait(), 2);
    }
}

TEST(Join, ADroppedHandleLetsTheTaskRunOn) {
    runtime own = with_shards(2);
    std::latch ended(3);
    const auto work = [&]() -> task<void> {
        co_await yield();
        ended.count_down();
    };
    { const auto dropped = own.handle().spawn(placement::pinned(1), work); }
    own.handle().spawn(placement::pinned(0), work)->detach();
    auto replaced = *own.handle().spawn(placement::pinned(1), work);
    replaced = *own.handle().spawn(placement::pinned(1), []() -> task<void> { co_return; });
    ended.wait();
    replaced.wait();
    EXPECT_TRUE(own.shutdown_blocking().clean());
}

TEST(Join, AHandleMovesOntoItself) {
    runtime own = with_shards(1);
    auto handle = *own.handle().spawn(placement::pinned(0), value_of(3));
    auto& same = handle;
    handle = std::move(same);
    EXPECT_TRUE(handle.valid());
    EXPECT_EQ(handle.wait(), 3);
}

TEST(Join, WhatADetachedTaskThrowsIsReported) {
    ::testing::internal::CaptureStderr();
    {
        runtime own = with_shards(2);
        own.handle().spawn(placement::pinned(1), thrower("nobody looks"), {"loner"})->detach();
        // Dropped after its end, too.
        auto over = own.handle().spawn(placement::pinned(0), thrower("nobody looked"));
        while (!over->is_done())
            std::this_thread::yield();
        // And a join that was never awaited.
        own.block_on([]() -> task<void> {
            { const auto unawaited = this_shard::spawn(thrower("nobody awaited"))->join(); }
            co_return;
        });
    }
    const std::string text = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(text,
                ::testing::ContainsRegex("detached task [0-9]+ 'loner' threw: nobody looks\n"));
    EXPECT_THAT(text, ::testing::HasSubstr("threw: nobody looked\n"));
    EXPECT_THAT(text, ::testing::HasSubstr("threw: nobody awaited\n"));
}

TEST(Join, WhatAJoinedTaskThrewIsReportedOnceOnly) {
    ::testing::internal::CaptureStderr();
    {
        runtime own = with_shards(1);
        EXPECT_THROW(own.handle().spawn(placement::pinned(0), thrower("x"))->wait(),
                     std::runtime_error);
        own.block_on([]() -> task<void> {
            const auto seen = co_await this_shard::spawn(thrower("x"))->join();
            EXPECT_TRUE(seen.has_exception());
        });
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Join, SeveralAtOnceInOneTask) {
    runtime own = with_shards(2);
    const int sum = own.block_on([]() -> task<int> {
        const auto joined = [](join_handle<int> handle) -> task<int> { co_return co_await handle; };
        std::vector<task<int>> joins;
        for (int i = 0; i < 100; ++i)
            joins.push_back(joined(
                *this_runtime().spawn(placement::round_robin(), [i] { return value_of(i); })));
        int total = 0;
        for (int value : co_await when_all(std::move(joins)))
            total += value;
        co_return total;
    });
    EXPECT_EQ(sum, 4950);
}

}  // namespace
}  // namespace spargio
