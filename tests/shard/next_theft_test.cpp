// How thieves tell what a theft was worth, and how many items they take at once.

#include "spargio/shard/next_theft.hpp"

#include <gtest/gtest.h>

namespace spargio::detail {
namespace {

constexpr steal_options how;

TEST(NextWorth, OfAShardNobodyStoleFromIsTriedOut) {
    const next_worth worth(how);
    EXPECT_TRUE(worth.enough());
    EXPECT_EQ(worth.loot(1, 0), 1u);
    EXPECT_EQ(worth.loot(0, 15), 0u);
}

TEST(NextWorth, SmallItemsStayUntilTriedAgain) {
    next_worth worth(how);
    int thefts = 0;
    for (; worth.enough() && thefts != 100; ++thefts)
        worth.learn(100);
    // The last few of a tree do not end it, and many small ones do.
    EXPECT_GT(thefts, 5);
    EXPECT_LT(thefts, 20);
    EXPECT_EQ(worth.loot(15, 0), 0u);
    worth.try_again();
    EXPECT_NE(worth.loot(15, 0), 0u);
}

TEST(NextWorth, IsTriedAgainEveryMillisecond) {
    next_worth worth(how);
    while (worth.enough())
        worth.learn(100);
    std::uint64_t now_ns = 5'000'000'000;
    worth.keep_time(now_ns);
    EXPECT_TRUE(worth.enough());
    for (int trial = 0; trial != 5; ++trial) {
        // Nobody came: it goes on without them, until the next one.
        worth.keep_time(now_ns + 99'000);
        EXPECT_TRUE(worth.enough());
        worth.keep_time(now_ns + 100'000);
        EXPECT_FALSE(worth.enough());
        worth.keep_time(now_ns + 999'000);
        EXPECT_FALSE(worth.enough());
        now_ns += 1'000'000;
        worth.keep_time(now_ns);
        EXPECT_TRUE(worth.enough());
    }
}

TEST(NextWorth, ATrialGoesOnWhileThievesTell) {
    next_worth worth(how);
    while (worth.enough())
        worth.learn(100);
    worth.keep_time(5'000'000'000);
    worth.keep_time(5'000'090'000);
    worth.learn(how.item_worth_ns);
    worth.keep_time(5'000'120'000);
    EXPECT_TRUE(worth.enough());
    worth.keep_time(5'000'220'000);
    EXPECT_FALSE(worth.enough());
}

TEST(NextWorth, WhatIsWellWorthItStaysSoWhenNobodyComes) {
    next_worth worth(how);
    worth.learn(how.worth_ns);
    for (std::uint64_t now_ns = 1'000'000'000; now_ns != 1'010'000'000; now_ns += 100'000)
        worth.keep_time(now_ns);
    EXPECT_TRUE(worth.enough());
}

TEST(NextWorth, OneLargeItemMakesUpForManySmall) {
    next_worth worth(how);
    for (int i = 0; i != 100; ++i)
        worth.learn(100);
    worth.learn(1'000'000'000);
    EXPECT_TRUE(worth.enough());
}

TEST(NextWorth, FewItemsMustBeLarger) {
    next_worth worth(how);
    for (int i = 0; i != 100; ++i)
        worth.learn(600);
    EXPECT_EQ(worth.loot(1, 0), 0u);
    EXPECT_EQ(worth.loot(1, 3), 1u);
    EXPECT_EQ(worth.loot(4, 0), 4u);
}

TEST(NextWorth, TheMarginStays) {
    steal_options three = how;
    three.locality_margin = 3;
    const next_worth worth(three);
    EXPECT_EQ(worth.loot(3, 0), 0u);
    EXPECT_EQ(worth.loot(5, 0), 2u);
}

TEST(NextTheft, TakesMoreOfWhatForksNothing) {
    next_worth victim(how);
    next_theft theft;
    EXPECT_EQ(theft.batch(), 1u);
    for (const unsigned expected : {2u, 4u, 8u, 16u, 16u}) {
        theft.begin(victim, theft.batch(), 10, 0);
        EXPECT_TRUE(theft.under_way());
        // All but the first follow in place.
        theft.end(10 + theft.batch() - 1, 3'000, how.batch_size);
        EXPECT_FALSE(theft.under_way());
        EXPECT_EQ(theft.batch(), expected);
    }
}

TEST(NextTheft, TakesOneOfATree) {
    next_worth victim(how);
    next_theft theft;
    theft.begin(victim, 1, 0, 0);
    theft.end(0, 3'000, how.batch_size);
    EXPECT_EQ(theft.batch(), 2u);
    theft.begin(victim, 2, 0, 0);
    theft.end(2, 300'000, how.batch_size);
    EXPECT_EQ(theft.batch(), 1u);
}

TEST(NextTheft, TakesAsManyOfATreeAsAreNotOverTooSoon) {
    next_worth victim(how);
    next_theft theft;
    const auto steal = [&](std::uint64_t took_ns) {
        theft.begin(victim, theft.batch(), 0, 0);
        theft.end(100, took_ns, how.batch_size);
        return theft.batch();
    };
    EXPECT_EQ(steal(20'000), 2u);
    EXPECT_EQ(steal(20'000), 4u);
    EXPECT_EQ(steal(50'000), 4u);
    EXPECT_EQ(steal(20'000), 8u);
    EXPECT_EQ(steal(200'000), 1u);
}

TEST(NextTheft, TellsWhatEachItemTook) {
    next_worth victim(how);
    next_theft theft;
    for (int i = 0; i != 100; ++i) {
        theft.begin(victim, 4, 0, 1'000);
        theft.end(0, 1'000 + 4 * 100, how.batch_size);
    }
    EXPECT_FALSE(victim.enough());
}

}  // namespace
}  // namespace spargio::detail
