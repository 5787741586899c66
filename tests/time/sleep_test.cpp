#include "spargio/time/sleep.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

/// A runtime under a clock that jumps.
class Sleep : public ::testing::Test {
protected:
    Sleep() : own_(*runtime_builder().shards(2).build_on(kernel_)) {}

    std::chrono::nanoseconds now() { return std::chrono::nanoseconds(kernel_.now_ns()); }
    template <class Entry>
    auto run(Entry entry) {
        return own_.block_on(std::move(entry));
    }

    testing::simulated_kernel kernel_;
    runtime own_;
};

TEST_F(Sleep, LastsAtLeastAsLongAsAsked) {
    run([&]() -> task<void> {
        for (const auto wait : {1ns, 1'000ns, 5'000'000ns, 3'600'000'000'000ns}) {
            const auto start = now();
            EXPECT_TRUE(co_await sleep_for(wait));
            EXPECT_GE(now() - start, wait);
        }
    });
}

TEST_F(Sleep, UntilAPointInTime) {
    run([&]() -> task<void> {
        const auto when = clock::time_point(now() + 5s);
        EXPECT_TRUE(co_await sleep_until(when));
        EXPECT_GE(clock::time_point(now()), when);
    });
}

TEST_F(Sleep, WhatIsOverYieldsAfterATurnOfTheOthers) {
    run([&]() -> task<void> {
        for (int how = 0; how < 4; ++how) {
            bool other_ran = false;
            auto other = this_shard::spawn([&]() -> task<void> {
                other_ran = true;
                co_return;
            });
            switch (how) {
            case 0:
                EXPECT_TRUE(co_await sleep_for(0ns));
                break;
            case 1:
                EXPECT_TRUE(co_await sleep_for(-1h));
                break;
            case 2:
                EXPECT_TRUE(co_await sleep_until(clock::time_point()));
                break;
            default:
                EXPECT_TRUE(co_await sleep_until(clock::time_point::min()));
            }
            EXPECT_TRUE(other_ran);
            co_await *other;
        }
    });
}

TEST_F(Sleep, EndInTheOrderOfTheirDeadlines) {
    const auto order = run([&]() -> task<std::vector<int>> {
        std::vector<int> seen;
        const auto sleeper = [&seen](std::chrono::nanoseconds wait, int number) -> task<void> {
            (void)co_await sleep_for(wait);
            seen.push_back(number);
        };
        co_await when_all(sleeper(30ms, 3), sleeper(10ms, 1), sleeper(40ms, 4), sleeper(20ms, 2),
                          sleeper(0ms, 0));
        co_return seen;
    });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_F(Sleep, TheEndOfTimeIsNoOverflow) {
    auto endless = own_.handle().spawn(placement::pinned(1), []() -> task<bool> {
        const auto ended = co_await sleep_for(std::chrono::nanoseconds::max());
        co_return !ended && ended.error() == std::errc::operation_canceled;
    });
    auto until = own_.handle().spawn(placement::pinned(1), []() -> task<bool> {
        const auto ended = co_await sleep_until(clock::time_point::max());
        co_return !ended && ended.error() == std::errc::operation_canceled;
    });
    // Held from then on: with nothing else due, the clock would jump to the end of time.
    std::optional<testing::simulated_kernel::clock_hold> hold;
    run([&]() -> task<void> {
        EXPECT_TRUE(co_await sleep_for(24h));
        hold.emplace(kernel_);
    });
    EXPECT_FALSE(endless->is_done());
    EXPECT_FALSE(until->is_done());
    endless->request_stop();
    until->request_stop();
    EXPECT_TRUE(endless->wait());
    EXPECT_TRUE(until->wait());
}

TEST_F(Sleep, CancelledBeforeItBeginsAndWhileItLasts) {
    run([&]() -> task<void> {
        const auto sleeper = []() -> task<bool> {
            const auto ended = co_await sleep_for(1h);
            co_return !ended && ended.error() == std::errc::operation_canceled;
        };
        for (const unsigned shard : {0u, 1u}) {
            const auto start = now();
            auto early = *this_runtime().spawn(placement::pinned(shard), sleeper);
            early.request_stop();
            EXPECT_TRUE(co_await early);
            auto late = *this_runtime().spawn(placement::pinned(shard), sleeper);
            EXPECT_TRUE(co_await sleep_for(1s));
            late.request_stop();
            EXPECT_TRUE(co_await late);
            EXPECT_LT(now() - start, 1h);
        }
    });
}

TEST_F(Sleep, AStopAfterTheDeadlineFindsItOver) {
    run([&]() -> task<void> {
        auto over = *this_shard::spawn([]() -> task<bool> {
            const bool slept = (co_await sleep_for(1ms)).has_value();
            co_return slept;
        });
        EXPECT_TRUE(co_await sleep_for(2ms));
        over.request_stop();
        EXPECT_TRUE(co_await over);
    });
}

TEST_F(Sleep, ThousandsAreSetAndCancelledWithoutAnEntryEach) {
    const auto entries = run([&]() -> task<std::uint64_t> {
        const auto before = kernel_.entries();
        std::vector<join_handle<void>> sleepers;
        for (int i = 0; i < 5000; ++i) {
            sleepers.push_back(
                *this_shard::spawn([]() -> task<void> { (void)co_await sleep_for(1h); }));
        }
        co_await yield();
        for (auto& each : sleepers)
            each.request_stop();
        for (auto& each : sleepers)
            co_await each;
        co_return kernel_.entries() - before;
    });
    EXPECT_LT(entries, 200u);
}

TEST(RealSleep, PassesTheKernelsClock) {
    run_with(runtime_builder().shards(1), []() -> task<void> {
        const auto start = clock::now();
        EXPECT_TRUE(co_await sleep_for(2ms));
        EXPECT_GE(clock::now() - start, 2ms);
        const auto when = clock::now() + 2ms;
        EXPECT_TRUE(co_await sleep_until(when));
        EXPECT_GE(clock::now(), when);
    });
}

TEST(RealSleep, StopRequestsFromAnotherThreadRaceTheDeadline) {
    runtime own = *runtime_builder().shards(2).build();
    for (int i = 0; i < 1000; ++i) {
        auto sleeper = own.handle().spawn(placement::round_robin(), [i]() -> task<bool> {
            const auto ended = co_await sleep_for(std::chrono::microseconds(i % 20));
            co_return ended.has_value() || ended.error() == std::errc::operation_canceled;
        });
        for (int spin = 0; spin < i % 50; ++spin)
            std::this_thread::yield();
        sleeper->request_stop();
        EXPECT_TRUE(sleeper->wait());
    }
}

}  // namespace
}  // namespace spargio
