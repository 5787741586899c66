// What turns took, and what follows from it for thieves and for the next turn.

#include "spargio/shard/turn_times.hpp"

#include <gtest/gtest.h>

namespace spargio::detail {
namespace {

TEST(TurnTimes, KnowWhatAnItemTakesAfterADozenTurns) {
    turn_times times;
    EXPECT_EQ(times.item_ns(), 10'000u);
    for (int turn = 0; turn != 40; ++turn)
        times.learn(4 * 700, 4, 4);
    EXPECT_NEAR(times.item_ns(), 700, 60);
    // One that takes for ever is forgotten, too.
    times.learn(3'600'000'000'000, 1, 1);
    EXPECT_LT(times.item_ns(), 130'000u);
}

TEST(TurnTimes, WhoeverSpawnsACrowdIsNotTakenForOneOfIt) {
    turn_times times;
    for (int turn = 0; turn != 100; ++turn) {
        times.learn(50'000, 1, 1);
        times.learn(256 * 70, 256, 1'000);
    }
    EXPECT_GT(times.item_ns_among(15), 20'000u);
    EXPECT_NEAR(times.item_ns_among(16), 70, 20);
}

TEST(TurnTimes, ACrowdOfWhichFewAreLargeIsWorthWhatItTakes) {
    turn_times times;
    for (int turn = 0; turn != 40; ++turn)
        times.learn(97 * 70 + 3 * 100'000, 100, 100);
    EXPECT_NEAR(times.item_ns_among(100), 3'068, 200);
}

TEST(TurnTimes, ACrowdIsOneThoughItsTurnsAreShort) {
    turn_times times;
    for (int turn = 0; turn != 100; ++turn)
        times.learn(6 * 3'000, 6, 200);
    EXPECT_NEAR(times.item_ns_among(200), 3'000, 20);
}

TEST(TurnTimes, ATurnHasNoMoreNextItemsThanAreOverSoon) {
    turn_times times;
    EXPECT_EQ(times.most_next(), turn_times::most_items);
    times.learn(256 * 5'000, 256, 256);
    EXPECT_EQ(times.most_next(), 4u);
    times.learn(4 * 5'000, 4, 256);
    EXPECT_EQ(times.most_next(), 4u);
    times.learn(10'000'000, 1, 1);
    EXPECT_EQ(times.most_next(), 1u);
    for (unsigned most = 2; most <= turn_times::most_items; most *= 2) {
        times.learn(50, 1, 1);
        EXPECT_EQ(times.most_next(), most);
    }
    times.learn(50, 1, 1);
    EXPECT_EQ(times.most_next(), turn_times::most_items);
}

TEST(TurnTimes, ATurnWithoutItemsIsNoError) {
    turn_times times;
    times.learn(100, 0, 0);
    times.learn(100'000, 0, 1);
    EXPECT_EQ(times.most_next(), 1u);
}

}  // namespace
}  // namespace spargio::detail
