// Stealable tasks that wait in every way, on shards that keep getting stuck: nothing is lost, and
// nothing runs twice.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <vector>

#include "scale.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/cancellation_token.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
constexpr unsigned shards = 3;
constexpr unsigned kinds_of_step = 9;

void stay_busy(std::chrono::nanoseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

task<int> nap(std::chrono::nanoseconds time) {
    (void)co_await sleep_for(time);
    co_return 1;
}

task<int> nap_until_stopped() {
    const auto ended = co_await sleep_for(1h);
    EXPECT_EQ(ended.error(), std::errc::operation_canceled);
    co_return 1;
}

task<int> is_cancelled_by_another() {
    const cancellation_token token;
    auto waiting = value_or_throw(this_runtime().spawn_stealable(
        [token]() -> task<bool> { co_return (co_await token.child().cancelled()).has_value(); }));
    co_await yield();
    token.cancel();
    co_return co_await waiting ? 1 : 0;
}

task<int> group_that_is_stopped() {
    std::atomic<int> ended = 0;
    task_group group;
    for (int i = 0; i < 3; ++i) {
        value_or_throw(group.spawn(placement::stealable(), [&]() -> task<void> {
            co_await nap_until_stopped();
            ++ended;
        }));
    }
    co_await yield();
    group.request_stop();
    co_await group.join();
    co_return ended - 2;
}

/// One step of a task; each yields one.
task<int> step(unsigned which, unsigned shard) {
    switch (which) {
    case 0:
        co_await yield();
        co_return 1;
    case 1:
        co_return co_await nap(20us);
    case 2: {
        const auto late = co_await timeout(30us, nap_until_stopped());
        co_return late.has_value() ? *late : 1;
    }
    case 3: {
        const auto in_time = co_await timeout(10s, nap(10us));
        co_return *in_time;
    }
    case 4: {
        const auto [a, b] = co_await when_all(nap(5us), nap(15us));
        co_return a + b - 1;
    }
    case 5: {
        const auto first = co_await when_any(nap(5us), nap_until_stopped());
        co_return first.index() == 0 ? 1 : 0;
    }
    case 6:
        EXPECT_TRUE(co_await reschedule_on(shard));
        co_return 1;
    case 7:
        co_return co_await is_cancelled_by_another();
    default:
        co_return co_await group_that_is_stopped();
    }
}

TEST(StealStorm, NothingIsLostAndNothingRunsTwice) {
    const std::uint64_t seed = testing::process_seed();
    const int tasks = static_cast<int>(stress::times(1000));
    constexpr int steps = 20;
    rescue_options rescue;
    rescue.after_us = 20;
    const runtime own =
        detail::build_or_throw(runtime_builder().shards(shards).spin_us(20).rescue(rescue));
    std::atomic<int> sum = 0;
    std::vector<join_handle<void>> all;
    for (int number = 0; number < tasks; ++number) {
        all.push_back(
            value_or_throw(own.handle().spawn_stealable_on(0, [&, number]() -> task<void> {
                testing::random_source random(seed + static_cast<unsigned>(number));
                for (int i = 0; i < steps; ++i) {
                    const auto which = static_cast<unsigned>(random.below(kinds_of_step));
                    sum += co_await step(which, static_cast<unsigned>(random.below(shards)));
                    // Now and then for longer than a turn may last.
                    stay_busy(random.chance(2) ? 200us : 2us);
                }
            })));
    }
    for (auto& each : all)
        each.wait();
    EXPECT_EQ(sum, tasks * steps);
    std::uint64_t stolen = 0, rescued = 0;
    for (unsigned shard = 0; shard < shards; ++shard) {
        stolen += own.stats(shard).items_stolen;
        rescued += own.stats(shard).items_rescued;
    }
    EXPECT_GT(stolen + rescued, 0u);
    RecordProperty("stolen", std::to_string(stolen));
    RecordProperty("rescued", std::to_string(rescued));
}

}  // namespace
}  // namespace spargio
