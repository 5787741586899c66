// A sleep that is moved while somebody sleeps, and while nobody does.

#include <atomic>
#include <thread>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "time_stage.hpp"

namespace spargio::time_test {
namespace {

using namespace std::chrono_literals;

/// When the sleep ended.
task<clock::time_point> slept(sleep& moved) {
    value_or_throw(co_await moved);
    co_return now();
}

class ResettableSleep : public stage {};

TEST_F(ResettableSleep, IsAwaitedAgainAndAgain) {
    run([]() -> task<void> {
        const auto start = now();
        sleep until(5s);
        EXPECT_GE(until.deadline(), start + 5s);
        EXPECT_FALSE(until.is_elapsed());
        EXPECT_GE(co_await slept(until), start + 5s);
        EXPECT_TRUE(until.is_elapsed());
        // It has passed: at once.
        EXPECT_LT(co_await slept(until), start + 6s);
        until.reset(start + 7s);
        EXPECT_EQ(until.deadline(), start + 7s);
        EXPECT_FALSE(until.is_elapsed());
        EXPECT_GE(co_await slept(until), start + 7s);
        until.reset(1s);
        EXPECT_GE(co_await slept(until), start + 8s);
    });
}

TEST_F(ResettableSleep, MovedAwayWakesNobodyBefore) {
    run([]() -> task<void> {
        const auto start = now();
        sleep watchdog(start + 1s);
        auto ended = *this_shard::spawn(slept(watchdog));
        for (int i = 1; i < 50; ++i) {
            EXPECT_TRUE(co_await sleep_until(start + i * 100ms));
            watchdog.reset(start + i * 100ms + 1s);
            EXPECT_FALSE(ended.is_done());
        }
        const auto end = co_await ended;
        EXPECT_GE(end, start + 5900ms);
        EXPECT_LT(end, start + 6s);
    });
}

TEST_F(ResettableSleep, MovedNearerWakesEarlier) {
    run([]() -> task<void> {
        for (const unsigned where : {0u, 1u}) {
            const auto start = now();
            sleep watchdog(start + 1h);
            auto ended = *this_runtime().spawn(placement::pinned(where), slept(watchdog));
            EXPECT_TRUE(co_await sleep_until(start + 1s));
            watchdog.reset(start + 10s);
            watchdog.reset(start + 2s);
            watchdog.reset(start + 3s);
            const auto end = co_await ended;
            EXPECT_GE(end, start + 3s);
            EXPECT_LT(end, start + 4s);
        }
    });
}

TEST_F(ResettableSleep, MovedToThePastEndsAtOnce) {
    run([]() -> task<void> {
        for (const unsigned where : {0u, 1u}) {
            const auto start = now();
            sleep watchdog(1h);
            auto ended = *this_runtime().spawn(placement::pinned(where), slept(watchdog));
            EXPECT_TRUE(co_await sleep_for(1s));
            watchdog.reset(clock::time_point());
            EXPECT_LT(co_await ended, start + 2s);
        }
    });
}

TEST_F(ResettableSleep, NeverIsNoOverflow) {
    run([]() -> task<void> {
        sleep until(std::chrono::nanoseconds::max());
        EXPECT_EQ((co_await timeout(1h, until)).error(), std::errc::timed_out);
        until.reset(clock::time_point::max());
        EXPECT_EQ((co_await timeout(1h, until)).error(), std::errc::timed_out);
        until.reset(1s);
        EXPECT_TRUE(co_await until);
    });
}

TEST_F(ResettableSleep, AStopEndsTheWaitAndLeavesTheDeadline) {
    run([]() -> task<void> {
        for (const unsigned where : {0u, 1u}) {
            const auto start = now();
            sleep until(start + 1h);
            const auto wait = [&]() -> task<bool> {
                const auto ended = co_await until;
                co_return !ended && ended.error() == std::errc::operation_canceled;
            };
            auto waiting = *this_runtime().spawn(placement::pinned(where), wait);
            EXPECT_TRUE(co_await sleep_for(1s));
            waiting.request_stop();
            EXPECT_TRUE(co_await waiting);
            EXPECT_LT(now(), start + 1h);
            EXPECT_EQ(until.deadline(), start + 1h);
            EXPECT_GE(co_await slept(until), start + 1h);
        }
    });
}

TEST_F(ResettableSleep, FollowsItsTaskToAnotherShard) {
    run([]() -> task<void> {
        auto travelling = *this_runtime().spawn(placement::stealable(), []() -> task<void> {
            sleep until(1s);
            for (unsigned i = 0; i < 6; ++i) {
                EXPECT_TRUE(co_await reschedule_on(i % 2));
                const auto start = now();
                until.reset(start + 1s);
                EXPECT_GE(co_await slept(until), start + 1s);
            }
        });
        co_await travelling;
    });
}

TEST_F(ResettableSleep, AStormCostsNoEntryIntoTheKernel) {
    run([this]() -> task<void> {
        sleep watchdog(1h);
        auto ended = *this_shard::spawn(slept(watchdog));
        co_await yield();
        const auto before = kernel_.entries();
        for (int i = 0; i < 10'000; ++i) {
            watchdog.reset(i % 2 == 0 ? 1h : 2h);
            if (i % 100 == 0)
                co_await yield();
        }
        EXPECT_LT(kernel_.entries() - before, 10u);
        watchdog.reset(0s);
        co_await ended;
    });
}

/// One deadline, awaited again and again and brought near once each time, around the moment at
/// which the wait begins: it hangs if that is lost.
class awaited_deadline {
public:
    static constexpr unsigned times = 2000;

    task<void> await_each(bool travels) {
        for (unsigned i = 1; i <= times; ++i) {
            if (travels) {
                EXPECT_TRUE(co_await reschedule_on(i % 2));
            }
            moved_.reset(1h);
            begun_.store(i, std::memory_order_release);
            EXPECT_TRUE(co_await moved_);
        }
    }
    task<void> bring_each_near() {
        testing::random_source random(testing::process_seed());
        for (unsigned i = 1; i <= times; ++i) {
            while (begun_.load(std::memory_order_acquire) != i)
                co_await yield();
            for (auto pauses = random.below(3) == 0 ? random.below(30) : 0; pauses != 0; --pauses)
                co_await yield();
            if (random.chance(30))
                moved_.reset(2h);
            moved_.reset(random.chance(50) ? 0us : 1us);
        }
    }
    void bring_each_near_from_outside() {
        for (unsigned i = 1; i <= times; ++i) {
            while (begun_.load(std::memory_order_acquire) != i)
                std::this_thread::yield();
            moved_.reset(0s);
        }
    }

private:
    sleep moved_{1h};
    std::atomic<unsigned> begun_ = 0;
};

TEST(RealResettableSleep, NoMoveIsLost) {
    runtime own = *runtime_builder().shards(2).build();
    for (const bool travels : {false, true}) {
        for (const unsigned from : {0u, 1u}) {
            awaited_deadline subject;
            auto waiting =
                own.handle().spawn(travels ? placement::stealable() : placement::pinned(0),
                                   [&] { return subject.await_each(travels); });
            auto moving = own.handle().spawn(placement::pinned(from),
                                             [&] { return subject.bring_each_near(); });
            waiting->wait();
            moving->wait();
        }
    }
}

TEST(RealResettableSleep, NoMoveFromAThreadThatIsNoShardIsLost) {
    runtime own = *runtime_builder().shards(1).build();
    awaited_deadline subject;
    auto waiting =
        own.handle().spawn(placement::pinned(0), [&] { return subject.await_each(false); });
    subject.bring_each_near_from_outside();
    waiting->wait();
}

}  // namespace
}  // namespace spargio::time_test
