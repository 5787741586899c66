// Spawning and joining in steady state allocates nothing.

#include <gtest/gtest.h>

// This program counts, too.
#include "../core/global_allocations.cpp"
#include "entry.hpp"
#include "spargio/core/frame_recycler.hpp"
#include "spargio/runtime/call_on.hpp"

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
