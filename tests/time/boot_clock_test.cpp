#include "spargio/time/boot_clock.hpp"

#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "time_stage.hpp"

namespace spargio::time_test {
namespace {

using namespace std::chrono_literals;

/// The clock that passes is the simulated kernel's; what a sleep is until is the machine's own.
class BootClock : public stage {
protected:
    std::chrono::nanoseconds passed() { return std::chrono::nanoseconds(kernel_.now_ns()); }
};

TEST_F(BootClock, ASleepLastsUntilItsTime) {
    run([this]() -> task<void> {
        for (const auto wait : {1ns, 5'000'000ns, 3'600'000'000'000ns}) {
            const auto start = passed();
            const auto now = boot_clock::now();
            EXPECT_TRUE(co_await sleep_until(now + wait));
            // Until it was asked for, it was the machine's clock that passed.
            EXPECT_GE(passed() - start + (boot_clock::now() - now), wait);
            EXPECT_LT(passed() - start, wait + 100ms);
        }
    });
}

TEST_F(BootClock, WhatIsOverYieldsSoon) {
    run([this]() -> task<void> {
        const auto start = passed();
        EXPECT_TRUE(co_await sleep_until(boot_clock::time_point()));
        EXPECT_TRUE(co_await sleep_until(boot_clock::time_point::min()));
        EXPECT_TRUE(co_await sleep_until(boot_clock::now()));
        EXPECT_LT(passed() - start, 100ms);
    });
}

TEST_F(BootClock, AStopEndsTheSleep) {
    run([this]() -> task<void> {
        const auto start = passed();
        const auto never = boot_clock::now() + 1h;
        EXPECT_EQ((co_await timeout(1s, sleep_until(never))).error(), std::errc::timed_out);
        const auto sleeper = [=]() -> task<bool> {
            const auto ended = co_await sleep_until(never);
            co_return !ended && ended.error() == std::errc::operation_canceled;
        };
        for (const unsigned where : {0u, 1u}) {
            auto stopped = *this_runtime().spawn(placement::pinned(where), sleeper);
            EXPECT_TRUE(co_await sleep_for(1s));
            stopped.request_stop();
            EXPECT_TRUE(co_await stopped);
        }
        EXPECT_LT(passed() - start, 1h - 1s);
    });
}

TEST(RealBootClock, PassesTheKernelsClock) {
    run_with(runtime_builder().shards(1), []() -> task<void> {
        const auto when = boot_clock::now() + 2ms;
        EXPECT_TRUE(co_await sleep_until(when));
        EXPECT_GE(boot_clock::now(), when);
        EXPECT_TRUE(co_await sleep_until(when));
        EXPECT_EQ((co_await timeout(1ms, sleep_until(when + 1h))).error(), std::errc::timed_out);
    });
}

}  // namespace
}  // namespace spargio::time_test
