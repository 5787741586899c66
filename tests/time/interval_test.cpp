#include "spargio/time/interval.hpp"

#include <vector>

#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "time_stage.hpp"

namespace spargio::time_test {
namespace {

using namespace std::chrono_literals;

class Interval : public stage {
protected:
    /// When the first ticks are due, as multiples of a tenth of the period after the start, if the
    /// second one is asked for two and a half periods after the first.
    std::vector<long> ticks_when_late(missed_ticks what) {
        return run([what]() -> task<std::vector<long>> {
            const auto start = now() + 1s;
            auto ticking = interval_at(start, 100ms);
            ticking.on_missed_ticks(what);
            EXPECT_EQ(ticking.on_missed_ticks(), what);
            std::vector<long> seen;
            for (int i = 0; i < 6; ++i) {
                if (i == 1) {
                    EXPECT_TRUE(co_await sleep_until(start + 250ms));
                }
                const auto due = value_or_throw(co_await ticking.tick());
                EXPECT_GE(now(), due);
                seen.push_back((due - start) / 10ms);
            }
            co_return seen;
        });
    }
};

TEST_F(Interval, TheFirstTickIsAtOnceAndThenOneAPeriod) {
    run([]() -> task<void> {
        const auto start = now();
        interval ticking(100ms);
        EXPECT_EQ(ticking.period(), 100ms);
        const auto first = value_or_throw(co_await ticking.tick());
        EXPECT_LT(first - start, 100ms);
        for (int i = 1; i <= 10; ++i) {
            EXPECT_EQ(co_await ticking.tick(), first + i * 100ms);
            EXPECT_GE(now(), first + i * 100ms);
            EXPECT_LT(now(), first + i * 100ms + interval::tolerance);
        }
    });
}

TEST_F(Interval, AtAPointInTime) {
    run([]() -> task<void> {
        const auto start = now() + 3s;
        auto ticking = interval_at(start, 1h);
        EXPECT_EQ(co_await ticking.tick(), start);
        EXPECT_EQ(co_await ticking.tick(), start + 1h);
    });
}

TEST_F(Interval, BurstMakesUpForEveryMissedTick) {
    EXPECT_EQ(ticks_when_late(missed_ticks::burst), (std::vector<long>{0, 10, 20, 30, 40, 50}));
}

TEST_F(Interval, DelayGoesOnFromTheLateTick) {
    EXPECT_EQ(ticks_when_late(missed_ticks::delay), (std::vector<long>{0, 10, 35, 45, 55, 65}));
}

TEST_F(Interval, SkipLeavesOutWhatWasMissed) {
    EXPECT_EQ(ticks_when_late(missed_ticks::skip), (std::vector<long>{0, 10, 30, 40, 50, 60}));
}

TEST_F(Interval, WhatIsALittleLateIsNotMissed) {
    run([]() -> task<void> {
        for (const auto what : {missed_ticks::burst, missed_ticks::delay, missed_ticks::skip}) {
            const auto start = now();
            auto ticking = interval_at(start, 10ms);
            ticking.on_missed_ticks(what);
            EXPECT_EQ(co_await ticking.tick(), start);
            EXPECT_TRUE(co_await sleep_until(start + 14ms));
            EXPECT_EQ(co_await ticking.tick(), start + 10ms);
            EXPECT_EQ(co_await ticking.tick(), start + 20ms);
        }
    });
}

TEST_F(Interval, ResetBeginsAnew) {
    run([]() -> task<void> {
        interval ticking(1h);
        EXPECT_TRUE(co_await ticking.tick());
        EXPECT_TRUE(co_await sleep_for(10min));
        ticking.reset();
        const auto before = now();
        const auto due = value_or_throw(co_await ticking.tick());
        EXPECT_GE(due, before + 1h - 1ms);
        EXPECT_LE(due, before + 1h);
        ticking.reset_at(due + 7min);
        EXPECT_EQ(co_await ticking.tick(), due + 7min);
        EXPECT_EQ(co_await ticking.tick(), due + 67min);
    });
}

TEST_F(Interval, ACancelledTickIsNotTaken) {
    run([]() -> task<void> {
        const auto start = now();
        auto ticking = interval_at(start + 1h, 1h);
        EXPECT_EQ((co_await timeout(1s, ticking.tick())).error(), std::errc::timed_out);
        EXPECT_EQ(co_await ticking.tick(), start + 1h);
    });
}

TEST_F(Interval, TheEndOfTimeIsNoOverflow) {
    run([]() -> task<void> {
        const auto start = now();
        auto ticking = interval_at(start, std::chrono::nanoseconds::max());
        EXPECT_EQ(co_await ticking.tick(), start);
        EXPECT_EQ((co_await timeout(24h, ticking.tick())).error(), std::errc::timed_out);
    });
}

TEST_F(Interval, TheBeginOfTimeIsNoOverflow) {
    run([]() -> task<void> {
        auto ticking = interval_at(clock::time_point::min(), 100ms);
        ticking.on_missed_ticks(missed_ticks::skip);
        EXPECT_EQ(co_await ticking.tick(), clock::time_point::min());
        const auto next = value_or_throw(co_await ticking.tick());
        EXPECT_LE(now() - next, interval::tolerance);
        EXPECT_EQ(co_await ticking.tick(), next + 100ms);
    });
}

}  // namespace
}  // namespace spargio::time_test
