#include "spargio/shard/spin_policy.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace spargio::shard_test {
namespace {

using detail::spin_policy;

constexpr std::uint64_t most = 50'000;
constexpr std::uint64_t late = most + spin_policy::wake_cost_ns + 1;
constexpr std::uint64_t a_little_late = most + 1;

TEST(SpinPolicy, BeginsBySpinning) {
    EXPECT_EQ(spin_policy(most).budget_ns(), most);
}

TEST(SpinPolicy, ZeroNeverSpins) {
    spin_policy policy(0);
    for (int i = 0; i < 5'000; ++i) {
        policy.slept(10);
        ASSERT_EQ(policy.budget_ns(), 0u);
    }
}

TEST(SpinPolicy, OneSpinInVainEndsSpinning) {
    spin_policy policy(most);
    policy.slept(late);
    EXPECT_EQ(policy.budget_ns(), 0u);
}

TEST(SpinPolicy, PaidSpinsGoOn) {
    spin_policy policy(most);
    for (int i = 0; i < 100; ++i) {
        policy.paid();
        ASSERT_EQ(policy.budget_ns(), most);
    }
}

TEST(SpinPolicy, OneShortSleepStartsItAgain) {
    spin_policy policy(most);
    policy.slept(late);
    policy.slept(most + spin_policy::wake_cost_ns);
    EXPECT_EQ(policy.budget_ns(), most);
}

TEST(SpinPolicy, LongSleepsNeverStartIt) {
    spin_policy policy(most);
    for (int i = 0; i < 10'000; ++i) {
        policy.slept(late);
        ASSERT_EQ(policy.budget_ns(), 0u);
    }
}

TEST(SpinPolicy, APaidTrialForgivesTheFailedOnes) {
    spin_policy policy(most);
    policy.slept(late);
    for (int i = 0; i < 200; ++i)
        policy.slept(a_little_late);
    while (policy.budget_ns() == 0)
        policy.slept(a_little_late);
    policy.paid();
    policy.slept(late);
    policy.slept(a_little_late);
    EXPECT_EQ(policy.budget_ns(), most);
}

TEST(SpinPolicy, OneThatWasDisplacedSleepsAThousandTimesBeforeItTriesAgain) {
    spin_policy policy(most);
    policy.paid();
    policy.displaced();
    for (unsigned i = 0; i <= spin_policy::most_sleeps_before_trial; ++i) {
        ASSERT_EQ(policy.budget_ns(), 0u);
        policy.slept(a_little_late);
    }
    EXPECT_EQ(policy.budget_ns(), most);
}

/// The trials of one who always just misses: 1 of 2 waits, 1 of 3, 1 of 5, ... 1 of 1,025.
TEST(SpinPolicy, WaitsThatAlwaysEndTooLateBurnNextToNothing) {
    spin_policy policy(most);
    constexpr int waits = 100'000;
    int spins = 0;
    int since_last = 0;
    int longest = 0;
    for (int i = 0; i < waits; ++i) {
        if (policy.budget_ns() != 0) {
            ++spins;
            since_last = 0;
        } else {
            longest = std::max(longest, ++since_last);
        }
        policy.slept(a_little_late);
    }
    EXPECT_LE(spins, 12 + waits / 1024);
    EXPECT_GT(spins, 12);
    EXPECT_EQ(longest, 1024);
}

}  // namespace
}  // namespace spargio::shard_test
