#include "spargio/core/work_share.hpp"

#include <gtest/gtest.h>

namespace spargio {
namespace {

using detail::work_share;

TEST(WorkShare, HalfTheShardsSearchAndOneAtLeast) {
    work_share alone(1);
    EXPECT_TRUE(alone.begin());
    EXPECT_FALSE(alone.begin());
    work_share five(5);
    EXPECT_TRUE(five.begin());
    EXPECT_TRUE(five.begin());
    EXPECT_FALSE(five.begin());
    EXPECT_FALSE(five.end());
    EXPECT_TRUE(five.begin());
}

TEST(WorkShare, TheLastToGiveUpIsToldSo) {
    work_share share(4);
    ASSERT_TRUE(share.begin());
    ASSERT_TRUE(share.begin());
    EXPECT_FALSE(share.end());
    EXPECT_TRUE(share.end());
}

TEST(WorkShare, OneSleeperIsWokenAtATimeAndNoneWhileSomebodySearches) {
    work_share share(4);
    EXPECT_FALSE(share.wanted());
    EXPECT_FALSE(share.wake());
    share.sleeps();
    share.sleeps();
    EXPECT_TRUE(share.wanted());
    EXPECT_TRUE(share.wake());
    EXPECT_FALSE(share.wanted());
    EXPECT_FALSE(share.wake());
    share.woke_up();
    share.end();
    EXPECT_TRUE(share.wanted());
    share.woke_up();
    EXPECT_FALSE(share.wanted());
}

}  // namespace
}  // namespace spargio
