#include "spargio/runtime/reschedule_on.hpp"

#include <gtest/gtest.h>

#include "entry.hpp"

namespace spargio {
namespace {

using runtime_test::with_shards;

TEST(RescheduleOn, AStealableTaskGoesOnThere) {
    runtime own = with_shards(3);
    auto hops = []() -> task<void> {
        for (unsigned round = 0; round < 100; ++round) {
            for (unsigned shard : {2u, 0u, 1u, 1u}) {
                EXPECT_TRUE(co_await reschedule_on(shard));
                EXPECT_EQ(this_shard::id(), shard);
            }
        }
    };
    value_or_throw(own.handle().spawn_stealable(hops)).wait();
}

TEST(RescheduleOn, AShardThatDoesNotExistIsAnError) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        EXPECT_EQ((co_await reschedule_on(2)).error(), errc::no_such_shard);
        EXPECT_EQ(this_shard::id(), 0u);
    });
}

TEST(RescheduleOn, APinnedTaskStays) {
    runtime own = with_shards(2);
    auto stays = []() -> task<void> {
        EXPECT_TRUE(co_await reschedule_on(1));
        EXPECT_EQ((co_await reschedule_on(0)).error(), std::errc::operation_not_permitted);
        EXPECT_EQ(this_shard::id(), 1u);
    };
    value_or_throw(own.handle().spawn_pinned(1, stays)).wait();
}

TEST(RescheduleOn, PlacementsByName) {
    // Nobody takes what is the only one that waits, however late its shard is.
    runtime own = runtime_test::built(
        runtime_builder().shards(2).stealing({.locality_margin = 1}).rescue({.after_us = 0}));
    EXPECT_EQ(value_or_throw(own.handle().spawn_pinned(1, runtime_test::where_it_runs)).wait(), 1u);
    for (unsigned shard : {0u, 1u}) {
        EXPECT_EQ(
            value_or_throw(own.handle().spawn_stealable_on(shard, runtime_test::where_it_runs()))
                .wait(),
            shard);
    }
    EXPECT_EQ(value_or_throw(own.handle().spawn_with_placement(placement::pinned(0),
                                                               runtime_test::where_it_runs()))
                  .wait(),
              0u);
}

}  // namespace
}  // namespace spargio
