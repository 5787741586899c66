// What goes on while one shard is stuck in a task for as long as the others need.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "stuck_shard.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::built;
using runtime_test::ends_while_its_shard_is_stuck;
using runtime_test::pipe_ends;
using runtime_test::read_from;
using runtime_test::spin_until;
using runtime_test::with_shards;

/// `count` times, wherever there is time for it; notes by how much the latest was late.
task<void> sleeps_again_and_again(int count) {
    auto worst = std::chrono::nanoseconds(0);
    for (int i = 0; i < count; ++i) {
        const auto due = std::chrono::steady_clock::now() + 1ms;
        EXPECT_TRUE(co_await sleep_for(1ms));
        worst = std::max<std::chrono::nanoseconds>(worst, std::chrono::steady_clock::now() - due);
    }
    ::testing::Test::RecordProperty("worst_late_us", static_cast<int>(worst / 1us));
}
task<void> reads_again_and_again(int count, pipe_ends& pipe) {
    for (int i = 0; i < count; ++i) {
        std::array<std::byte, 1> byte;
        // The writer is a thread: its byte comes while the reader waits, more often than not.
        const auto written = co_await spawn_blocking([&pipe] { pipe.write(); });
        EXPECT_TRUE(written);
        EXPECT_EQ(co_await read_from(pipe.reader(), byte), 1u);
    }
}
task<void> times_out_again_and_again(int count) {
    const pipe_ends silent;
    for (int i = 0; i < count; ++i) {
        std::array<std::byte, 1> byte;
        const auto read = co_await timeout(1ms, read_from(silent.reader(), byte));
        EXPECT_EQ(read.error(), std::errc::timed_out);
    }
}
task<void> spawns_again_and_again(int count) {
    for (int i = 0; i < count; ++i) {
        auto child = value_or_throw(
            this_runtime().spawn(placement::stealable(), []() -> task<int> { co_return 1; }));
        EXPECT_EQ(co_await child, 1);
    }
}

/// For a fraction of a second, or for about ten with SPARGIO_LONG.
TEST(StuckForLong, HoldsUpNothingElseHoweverOften) {
    const int count = std::getenv("SPARGIO_LONG") != nullptr ? 10'000 : 50;
    runtime own = with_shards(3);
    pipe_ends pipe;
    std::atomic<int> left = 4;
    std::atomic<bool> all_ended = false;
    own.block_on(0, [&]() -> task<void> {
        task_group group;
        const auto counted = [&](task<void> work) -> task<void> {
            co_await std::move(work);
            if (--left == 0)
                all_ended.store(true, std::memory_order_release);
        };
        for (auto* start : {+[](int n, pipe_ends&) { return sleeps_again_and_again(n); },
                            +[](int n, pipe_ends&p) { return reads_again_and_again(n, p); },
                            +[](int n, pipe_ends&) { return times_out_again_and_again(n); },
                            +[](int n, pipe_ends&) { return spawns_again_and_again(n); }})
            value_or_throw(
                group.spawn(placement::stealable_preferred(0), counted(start(count, pipe))));
        co_await sleep_for(1ms);
        const auto limit = std::chrono::steady_clock::now() + 50s;
        while (!all_ended.load(std::memory_order_acquire) &&
               std::chrono::steady_clock::now() < limit) {
        }
        EXPECT_TRUE(all_ended);
        co_await group.join();
    });
}

/// A fork that its shard kept to itself when nobody asked for more.
TEST(StuckForLong, WhatItForkedAndKeptIsFoundByWhoHasNothingToDoLater) {
    runtime own = with_shards(2);
    std::atomic<bool> forked = false;
    std::atomic<bool> other_is_busy = false;
    std::atomic<bool> ran_elsewhere = false;
    auto busy = value_or_throw(own.handle().spawn_pinned(1, [&]() -> task<void> {
        other_is_busy.store(true, std::memory_order_release);
        EXPECT_TRUE(spin_until(forked));
        co_return;
    }));
    ASSERT_TRUE(spin_until(other_is_busy));
    own.block_on(0, [&]() -> task<void> {
        auto family = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                const auto stuck = [&]() -> task<void> {
                    forked.store(true, std::memory_order_release);
                    EXPECT_TRUE(spin_until(ran_elsewhere));
                    co_return;
                };
                const auto sibling = [&]() -> task<void> {
                    ran_elsewhere.store(true, std::memory_order_release);
                    co_return;
                };
                co_await when_all(stuck(), sibling());
            }));
        co_await family;
    });
    busy.wait();
}

/// Completions are posted to nobody but the owner then; all the rest is others' business too.
class StuckDeferred : public ::testing::Test {
protected:
    runtime own = built(runtime_builder().shards(2).deferred_taskrun());
};

TEST_F(StuckDeferred, TimersFire) {
    EXPECT_TRUE(ends_while_its_shard_is_stuck(
        own, []() -> task<void> { EXPECT_TRUE(co_await sleep_for(5ms)); }));
}

TEST_F(StuckDeferred, ReadyWorkMovesOn) {
    EXPECT_TRUE(ends_while_its_shard_is_stuck(own, []() -> task<void> {
        const auto called = co_await spawn_blocking([] { return 7; });
        EXPECT_EQ(called, 7);
    }));
}

TEST_F(StuckDeferred, ACompletionWaitsForItsShardAndIsNotLost) {
    const pipe_ends pipe;
    own.block_on(0, [&]() -> task<void> {
        auto reading = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<void> {
                EXPECT_TRUE(co_await reschedule_on(0));
                std::array<std::byte, 8> bytes;
                EXPECT_EQ(co_await read_from(pipe.reader(), bytes), 1u);
            }));
        co_await sleep_for(1ms);
        pipe.write();
        // Stuck for long enough that another shard looks.
        const auto end = std::chrono::steady_clock::now() + 5ms;
        while (std::chrono::steady_clock::now() < end) {
        }
        co_await reading;
    });
}

}  // namespace
}  // namespace spargio
