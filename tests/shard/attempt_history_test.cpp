#include "spargio/shard/attempt_history.hpp"

#include <gtest/gtest.h>

namespace spargio::shard_test {
namespace {

using detail::attempt_history;

/// Operations that go straight to the ring before the next one is tried.
int skipped(attempt_history& history) {
    int count = 0;
    while (!history.worth_trying())
        ++count;
    return count;
}

TEST(AttemptHistory, TriesAtFirstAndAfterSuccess) {
    attempt_history history;
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(history.worth_trying());
        history.succeeded();
    }
}

TEST(AttemptHistory, EachFailureDoublesWhatIsSkipped) {
    attempt_history history;
    ASSERT_EQ(skipped(history), 0);
    for (const int expected : {1, 3, 7, 15, 31, 63, 127, 255, 255, 255}) {
        history.would_have_waited();
        EXPECT_EQ(skipped(history), expected);
    }
}

TEST(AttemptHistory, SuccessForgetsTheFailures) {
    attempt_history history;
    for (int i = 0; i < 20; ++i)
        history.would_have_waited();
    EXPECT_EQ(skipped(history), 255);
    history.succeeded();
    EXPECT_EQ(skipped(history), 0);
    history.would_have_waited();
    EXPECT_EQ(skipped(history), 1);
}

TEST(AttemptHistory, WhatGoesToTheRingIsExpectedToWaitButForAFewAfterASuccess) {
    attempt_history history;
    EXPECT_TRUE(history.likely_to_wait());
    history.succeeded();
    int expected_at_once = 0;
    while (!history.likely_to_wait() && expected_at_once < 100)
        ++expected_at_once;
    EXPECT_EQ(expected_at_once, 8);
    history.succeeded();
    EXPECT_FALSE(history.likely_to_wait());
    history.would_have_waited();
    EXPECT_TRUE(history.likely_to_wait());
}

}  // namespace
}  // namespace spargio::shard_test
