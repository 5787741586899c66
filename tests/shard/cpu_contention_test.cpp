// When a thief takes it that others want its CPU, and for how long.

#include "spargio/shard/cpu_contention.hpp"

#include <gtest/gtest.h>

namespace spargio::detail {
namespace {

constexpr std::uint64_t us = 1000, ms = 1000 * us;

/// A thief that looks after each bit of work.
struct thief {
    cpu_contention contention;
    std::uint64_t now_ns = 1000 * ms;
    std::uint64_t thefts = 0;
    cpu_times times{.ran_ns = 70 * ms, .waited_ns = 900 * ms};  // long ago

    /// Runs and waits for so long, and looks when it is time to. \return whether it was.
    bool works(std::uint64_t ran_ns, std::uint64_t waited_ns) {
        now_ns += ran_ns + waited_ns;
        times.ran_ns += ran_ns;
        times.waited_ns += waited_ns;
        const bool due = contention.due(now_ns, ++thefts);
        if (due) {
            const bool found = contention.learn(now_ns, thefts, times);
            EXPECT_EQ(found, wanted());
        }
        return due;
    }
    [[nodiscard]] bool wanted() const { return contention.wanted(now_ns); }
    /// Passes the time until it is no longer so. \return how long that took.
    std::uint64_t waits_for_the_end() {
        const std::uint64_t began = now_ns;
        while (wanted())
            now_ns += 100 * us;
        return now_ns - began;
    }
};

TEST(CpuContention, AQuarterOfTheTimeIsWhatCounts) {
    thief enough;
    enough.works(0, 0);
    EXPECT_FALSE(enough.wanted()) << "what was before says nothing";
    enough.works(750 * us, 250 * us);
    EXPECT_TRUE(enough.wanted());

    thief little;
    little.works(0, 0);
    little.works(760 * us, 240 * us);
    EXPECT_FALSE(little.wanted());
    EXPECT_FALSE(little.contention.may_be_wanted());
}

TEST(CpuContention, ATrialIsAMillisecondOfWantingToRun) {
    thief own;
    own.works(0, 0);
    own.works(100 * us, 500 * us);
    EXPECT_FALSE(own.wanted());
    own.now_ns += 5 * ms;  // asleep
    own.works(100 * us, 500 * us);
    EXPECT_TRUE(own.wanted());
}

TEST(CpuContention, ATrialBeginsAnewWhenNobodyLookedForLong) {
    thief own;
    own.works(0, 0);
    own.works(100 * us, 500 * us);
    own.now_ns += 8 * ms;
    own.works(100 * us, 500 * us);
    EXPECT_FALSE(own.wanted());
    own.works(100 * us, 900 * us);
    EXPECT_TRUE(own.wanted());
}

TEST(CpuContention, WhatIsOverIsForgotten) {
    thief own;
    own.works(0, 0);
    own.works(0, ms);
    own.contention.forget(own.now_ns);
    EXPECT_TRUE(own.contention.may_be_wanted());
    own.waits_for_the_end();
    EXPECT_TRUE(own.contention.may_be_wanted());
    own.contention.forget(own.now_ns);
    EXPECT_FALSE(own.contention.may_be_wanted());
}

TEST(CpuContention, EachTrialInARowThatFindsTheSameDoublesHowLongItIsBelieved) {
    thief own;
    for (const std::uint64_t lasts : {4, 8, 16, 32, 64, 128, 128}) {
        own.works(0, 0);
        own.works(0, ms);
        EXPECT_EQ(own.waits_for_the_end(), lasts * ms);
        own.now_ns += 10 * ms;
    }
    // One that finds nothing halves it.
    own.works(0, 0);
    own.works(ms, 0);
    EXPECT_FALSE(own.wanted());
    own.now_ns += 10 * ms;
    own.works(0, 0);
    own.works(0, ms);
    EXPECT_EQ(own.waits_for_the_end(), 128 * ms);
    own.now_ns += 10 * ms;
    own.works(0, 0);
    own.works(ms, 0);
    own.works(ms, 0);
    own.works(0, ms);
    EXPECT_EQ(own.waits_for_the_end(), 64 * ms);
}

TEST(CpuContention, LooksNowAndThenAndOnlyAtWhatCameOfThefts) {
    thief own;
    EXPECT_TRUE(own.works(0, 0));
    EXPECT_FALSE(own.works(200 * us, 200 * us));
    EXPECT_TRUE(own.works(100 * us, 0));
    own.now_ns += ms;
    EXPECT_FALSE(own.contention.due(own.now_ns, own.thefts)) << "nothing was stolen since";
    EXPECT_TRUE(own.contention.due(own.now_ns, own.thefts + 1));
    // While it is known there is no need to look.
    EXPECT_TRUE(own.works(0, ms));
    EXPECT_TRUE(own.wanted());
    EXPECT_FALSE(own.works(0, ms));
}

}  // namespace
}  // namespace spargio::detail
