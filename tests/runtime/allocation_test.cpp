// Spawning and joining in steady state allocates nothing.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <optional>

// This program counts, too.
#include "../core/global_allocations.cpp"
#include "entry.hpp"
#include "spargio/core/frame_recycler.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"
#include "steal_stage.hpp"

namespace spargio {
namespace {

using runtime_test::value_of;
using test::global_allocations;

constexpr bool counted = test::global_allocations_are_counted && test::frames_are_recycled;

task<std::size_t> frames_here() {
    co_return detail::frames_from_global_allocator();
}

/// Allocations of `rounds` rounds on shard 0, once everything is warm.
template <class Round>
void expect_none(unsigned shards, Round round) {
    if (!counted)
        GTEST_SKIP() << "allocations cannot be counted under this sanitizer";
    runtime own = runtime_test::with_shards(shards);
    const auto lap = [&](int rounds) -> task<std::size_t> {
        const std::size_t before = global_allocations();
        for (int i = 0; i < rounds; ++i)
            co_await round();
        co_return global_allocations() - before;
    };
    (void)own.block_on([&] { return lap(200); });
    std::size_t frames = 0;
    for (unsigned shard = 0; shard < shards; ++shard)
        frames += own.block_on(shard, frames_here);
    EXPECT_EQ(own.block_on([&] { return lap(1000); }), 0u);
    for (unsigned shard = 0; shard < shards; ++shard)
        frames -= own.block_on(shard, frames_here);
    EXPECT_EQ(frames, 0u);
}

TEST(Allocation, CountsWhatIsAllocated) {
    if (!counted)
        GTEST_SKIP();
    const std::size_t before = global_allocations();
    ::operator delete(::operator new(4));
    EXPECT_EQ(global_allocations(), before + 1);
}

TEST(Allocation, SpawnAndJoinOnOneShard) {
    expect_none(1, []() -> task<void> {
        EXPECT_EQ(co_await *this_shard::spawn(value_of(1)), 1);
        EXPECT_EQ(co_await *this_shard::spawn([] { return value_of(2); }), 2);
        auto kept = *this_shard::spawn(value_of(3));
        auto other = *this_shard::spawn(value_of(4));
        EXPECT_EQ((co_await other.join()).value(), 4);
        EXPECT_EQ(co_await kept, 3);
    });
}

TEST(Allocation, SpawnAndJoinAcrossShards) {
    expect_none(2, []() -> task<void> {
        EXPECT_EQ(co_await *this_runtime().spawn(placement::pinned(1), [] { return value_of(2); }),
                  2);
    });
}

TEST(Allocation, DetachedTasks) {
    expect_none(1, []() -> task<void> {
        this_shard::spawn(value_of(1))->detach();
        // It has its turn before this one ends.
        EXPECT_EQ(co_await *this_shard::spawn(value_of(2)), 2);
    });
}

/// What is freed where it was not allocated comes back when enough of it has gathered there: so it
/// takes a while until `round`, ten times, allocates nothing.
template <class Round>
void expect_none_soon(runtime& own, Round round) {
    if (!counted)
        GTEST_SKIP() << "allocations cannot be counted under this sanitizer";
    std::size_t allocations = 0;
    for (int lap = 0; lap < 100; ++lap) {
        const std::size_t before = global_allocations();
        own.block_on(0, [&]() -> task<void> {
            for (int i = 0; i < 10; ++i)
                co_await round();
        });
        allocations = global_allocations() - before;
        if (allocations == 0)
            return;
    }
    ADD_FAILURE() << "still " << allocations << " in ten rounds";
}

/// A shard that spawns and is busy, and one that runs it all.
class AllocationOfStolenTasks : public ::testing::Test {
protected:
    using handles = std::array<std::optional<join_handle<void>>, 64>;

    /// On shard 0. \return when all of them have run, on shard 1, which frees what is detached.
    static void spawn_for_the_other(handles& tasks, bool detached) {
        std::atomic<std::size_t> ran = 0;
        for (auto& each : tasks) {
            each = value_or_throw(this_runtime().spawn_stealable_on(0, [&ran]() -> task<void> {
                EXPECT_EQ(this_shard::id(), 1u);
                ++ran;
                co_return;
            }));
            if (detached)
                each->detach();
        }
        EXPECT_TRUE(runtime_test::comes_to_be([&] { return ran == tasks.size(); }));
    }

    runtime own = runtime_test::built(
        runtime_builder().shards(2).stealing(runtime_test::anything_goes()).spin_us(10'000));
};

TEST_F(AllocationOfStolenTasks, Joined) {
    expect_none_soon(own, []() -> task<void> {
        handles tasks;
        spawn_for_the_other(tasks, false);
        for (auto& each : tasks)
            co_await *each;
    });
}

TEST_F(AllocationOfStolenTasks, Detached) {
    expect_none_soon(own, []() -> task<void> {
        handles tasks;
        spawn_for_the_other(tasks, true);
        co_return;
    });
}

task<std::uint64_t> fib(unsigned n) {
    if (n < 2)
        co_return n;
    const auto [a, b] = co_await when_all(fib(n - 1), fib(n - 2));
    co_return a + b;
}

TEST(Allocation, ForksOfTwoShards) {
    runtime own = runtime_test::with_shards(2);
    expect_none_soon(own, []() -> task<void> {
        EXPECT_EQ(co_await *this_runtime().spawn_stealable(fib(14)), 377u);
    });
}

TEST(Allocation, CallsOnAnotherShard) {
    expect_none(2, []() -> task<void> { EXPECT_EQ(co_await call_on(1, [] { return 2; }), 2); });
}

TEST(Allocation, Messages) {
    expect_none(2, []() -> task<void> {
        EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(1, 2));
        EXPECT_EQ((co_await this_shard::next_event())->value, 2u);
    });
}

}  // namespace
}  // namespace spargio
