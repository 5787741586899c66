// Each number that stats() tells grows by what it names, and by nothing else.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/net/tcp_accept_stream.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::built;
using runtime_test::until_stopped;
using runtime_test::value_of;
using runtime_test::with_shards;

rescue_options no_rescue() {
    rescue_options never;
    never.after_us = 0;
    return never;
}

/// A runtime in which nobody wakes but by a bell.
runtime of_sleepers(unsigned shards) {
    return built(runtime_builder().shards(shards).spin_us(0).rescue(no_rescue()));
}

void spin_for(std::chrono::nanoseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

template <class Condition>
void wait_until(Condition holds) {
    while (!holds())
        std::this_thread::yield();
}

// --- sums ----------------------------------------------------------------------------------------

TEST(Counters, OfSeveralShardsAddUp) {
    shard_stats one, other;
    one.items_run = 3;
    one.searches_in_vain = 7;
    one.spawned_as = {1, 0, 2};
    one.operations_in_flight = 2;
    one.lifetime_ns = 100;
    one.busy_ns = 100;
    one.ready_time.counts[4] = 1;
    other.items_run = 4;
    other.searches_in_vain = 5;
    other.spawned_as = {1, 1, 0};
    other.operations_in_flight = 1;
    other.lifetime_ns = 100;
    other.ready_time.counts[4] = 2;
    one += other;
    EXPECT_EQ(one.items_run, 7u);
    EXPECT_EQ(one.searches_in_vain, 7u);
    EXPECT_EQ(one.spawned_as, (std::array<std::uint64_t, 6>{2, 1, 2}));
    EXPECT_EQ(one.operations_in_flight, 3u);
    EXPECT_EQ(one.busy_ratio(), 0.5);
    EXPECT_EQ(one.ready_time.counts[4], 3u);
}

TEST(Counters, OfARuntimeAreItsShardsAndTheirSum) {
    const runtime own = with_shards(3);
    std::vector<join_handle<int>> all;
    for (unsigned i = 0; i < 9; ++i)
        all.push_back(value_or_throw(own.handle().spawn(placement::round_robin(), value_of(1))));
    for (auto& each : all)
        each.wait();
    const runtime_stats seen = own.stats();
    ASSERT_EQ(seen.shards.size(), 3u);
    std::uint64_t items = 0;
    for (const shard_stats& each : seen.shards) {
        EXPECT_EQ(each.tasks_spawned, 3u);
        items += each.items_run;
    }
    EXPECT_EQ(seen.total.items_run, items);
    EXPECT_EQ(seen.total.tasks_spawned, 9u);
    EXPECT_GT(seen.total.lifetime_ns, seen.shards[0].lifetime_ns);
}

TEST(Counters, LocalHitsAreWhatNobodyBroughtHere) {
    shard_stats seen;
    seen.stealable_run = 10;
    seen.items_stolen = 3;
    seen.items_rescued = 2;
    EXPECT_EQ(seen.local_hits(), 5u);
    seen.items_stolen = 20;  // not run yet
    EXPECT_EQ(seen.local_hits(), 0u);
}

// --- refusals ------------------------------------------------------------------------------------

TEST(Counters, AHopOfAPinnedTaskIsAnAffinityViolation) {
    runtime own = with_shards(2);
    own.block_on(1, []() -> task<void> {
        EXPECT_TRUE(co_await reschedule_on(1));
        EXPECT_EQ((co_await reschedule_on(2)).error(), errc::no_such_shard);
        EXPECT_EQ((co_await reschedule_on(0)).error(), std::errc::operation_not_permitted);
    });
    EXPECT_EQ(own.stats(1).affinity_violations, 1u);
    EXPECT_EQ(own.stats(0).affinity_violations, 0u);
}

TEST(Counters, ALocalTaskOfAnotherRuntimeIsAnAffinityViolation) {
    const runtime other = with_shards(1);
    runtime own = with_shards(1);
    // Of a thread that is no shard there is nobody to count it.
    EXPECT_EQ(other.handle().spawn(placement::local(), value_of(1)).error(), errc::not_on_shard);
    own.block_on([&]() -> task<void> {
        EXPECT_EQ(other.handle().spawn(placement::local(), value_of(1)).error(),
                  errc::not_on_shard);
        co_return;
    });
    EXPECT_EQ(own.stats(0).affinity_violations, 1u);
    EXPECT_EQ(other.stats(0).affinity_violations, 0u);
}

TEST(Counters, AStreamOfAnotherRuntimeIsAnAffinityViolation) {
    runtime home = with_shards(2);
    runtime other = with_shards(1);
    auto listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    auto stream = home.block_on(
        0, [&]() -> task<tcp_accept_stream> { co_return value_or_throw(listener.accept_many()); });
    other.block_on([&]() -> task<void> {
        EXPECT_EQ((co_await stream.next()).error(), std::errc::operation_not_permitted);
    });
    EXPECT_EQ(other.stats(0).affinity_violations, 1u);
    // From any shard of its own it is as ever.
    home.block_on(1, [&]() -> task<void> {
        stream.request_end();
        EXPECT_EQ((co_await stream.next()).error(), errc::end_of_stream);
    });
    EXPECT_EQ(home.stats().total.affinity_violations, 0u);
    home.block_on(0, [&]() -> task<void> {
        const tcp_accept_stream ended = std::move(stream);
        co_return;
    });
}

TEST(Counters, SpawnsBeyondMaxTasksAreOverloads) {
    runtime own = built(runtime_builder().shards(2).max_tasks(2));
    own.block_on(0, [&]() -> task<void> {
        auto alive = value_or_throw(this_shard::spawn(until_stopped()));
        EXPECT_EQ(this_shard::spawn(until_stopped()).error(), errc::overloaded);
        alive.request_stop();
        co_await alive;
    });
    EXPECT_EQ(own.stats(0).spawns_overloaded, 1u);
    std::vector<join_handle<bool>> alive;
    for (int i = 0; i < 2; ++i)
        alive.push_back(value_or_throw(own.handle().spawn_pinned(1, until_stopped())));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(own.handle().spawn_pinned(1, until_stopped()).error(), errc::overloaded);
    for (auto& each : alive)
        each.request_stop();
    for (auto& each : alive)
        each.wait();
    EXPECT_EQ(own.stats(1).spawns_overloaded, 3u);
    EXPECT_EQ(own.stats().total.tasks_spawned, 4u);
}

TEST(Counters, TellWhatTheBlockingPoolDoes) {
    runtime own = built(runtime_builder().shards(1).blocking_threads(1).blocking_queue(1));
    std::latch begun(1), let_go(1);
    const auto block = [&]() -> task<bool> {
        co_return (co_await spawn_blocking([&] {
            begun.count_down();
            let_go.wait();
        })).has_value();
    };
    const auto last = []() -> task<bool> {
        co_return (co_await spawn_blocking([] {})).has_value();
    };
    auto first = value_or_throw(own.handle().spawn_pinned(0, block));
    begun.wait();
    auto second = value_or_throw(own.handle().spawn_pinned(0, last));
    wait_until([&] { return own.stats().blocking.queued == 1; });
    EXPECT_FALSE(own.block_on(last));
    const blocking_stats seen = own.stats().blocking;
    EXPECT_EQ(seen.threads, 1u);
    EXPECT_EQ(seen.busy, 1u);
    EXPECT_EQ(seen.calls, 2u);
    EXPECT_EQ(seen.overloaded, 1u);
    let_go.count_down();
    EXPECT_TRUE(first.wait() && second.wait());
    wait_until([&] { return own.stats().blocking.busy == 0; });
    EXPECT_EQ(own.stats().blocking.queued, 0u);
}

// --- what there is now ---------------------------------------------------------------------------

TEST(Counters, MessagesWaitUntilSomebodyReceivesThem) {
    runtime own = built(runtime_builder().shards(2).hot_tags({7}));
    own.block_on(0, []() -> task<void> {
        for (const std::uint32_t tag : {5u, 7u, 5u})
            value_or_throw(this_shard::remote(1).send_raw_nowait(tag, 1));
        co_return;
    });
    value_or_throw(value_or_throw(own.handle().remote(1)).send_raw_nowait(5, 1));
    EXPECT_EQ(own.stats(1).messages_waiting, 4u);
    EXPECT_EQ(own.stats(0).messages_waiting, 0u);
    own.block_on(1, []() -> task<void> {
        value_or_throw(co_await this_shard::next_event());
        EXPECT_EQ(this_runtime().stats(1).messages_waiting, 3u);
        value_or_throw(co_await this_shard::next_event());
        value_or_throw(co_await this_shard::next_event());
        value_or_throw(co_await this_shard::next_hot_event());
    });
    EXPECT_EQ(own.stats(1).messages_waiting, 0u);
}

TEST(Counters, ItemsAreReadyUntilTheyRun) {
    runtime own = of_sleepers(1);
    own.block_on([&]() -> task<void> {
        std::vector<join_handle<int>> all;
        for (int i = 0; i < 200; ++i)
            all.push_back(value_or_throw(this_shard::spawn(value_of(1))));
        co_await yield();
        EXPECT_GE(own.stats(0).items_ready, 200u);
        for (auto& each : all)
            co_await each;
    });
    wait_until([&] { return own.stats(0).items_ready == 0; });
}

TEST(Counters, TimersAreArmedUntilTheyFireOrAreCancelled) {
    runtime own = of_sleepers(1);
    std::vector<join_handle<bool>> all;
    for (int i = 0; i < 3; ++i)
        all.push_back(value_or_throw(own.handle().spawn_pinned(0, until_stopped())));
    wait_until([&] { return own.stats(0).timers_armed == 3; });
    own.block_on([]() -> task<void> { EXPECT_TRUE(co_await sleep_for(1us)); });
    wait_until([&] { return own.stats(0).timers_armed == 3; });
    for (auto& each : all)
        each.request_stop();
    for (auto& each : all)
        EXPECT_TRUE(each.wait());
    wait_until([&] { return own.stats(0).timers_armed == 0; });
    EXPECT_EQ(own.stats(0).timers_fired, 1u);
}

// --- times ---------------------------------------------------------------------------------------

task<void> spins(int times, std::chrono::nanoseconds each) {
    for (int i = 0; i < times; ++i) {
        spin_for(each);
        co_await yield();
    }
}

shard_stats after_spinning(unsigned tasks, int times, std::chrono::nanoseconds each) {
    runtime own = of_sleepers(1);
    own.block_on([=]() -> task<void> {
        std::vector<join_handle<void>> all;
        for (unsigned i = 0; i < tasks; ++i)
            all.push_back(value_or_throw(this_shard::spawn(spins(times, each))));
        for (auto& spinning : all)
            co_await spinning;
    });
    return own.stats(0);
}

TEST(Counters, ReadyTimeIsThatOfThoseInFront) {
    const shard_stats crowd = after_spinning(10, 40, 100us);
    // A turn takes a millisecond; who is last in it waits for nine others.
    EXPECT_GE(crowd.ready_time.quantile_ns(1), 100'000u);
    EXPECT_GE(crowd.ready_time.total(), 200u);
    EXPECT_LE(crowd.ready_time.total(), crowd.items_run + 4 * 10);
    const shard_stats alone = after_spinning(1, 40, 100us);
    EXPECT_GE(alone.ready_time.total(), 20u);
    EXPECT_EQ(alone.ready_time.quantile_ns(0.8), 1u);
}

TEST(Counters, ReadyTimeIsThatOfTheTurnsBeforeToo) {
    const shard_stats seen = after_spinning(2000, 6, 2us);
    // 256 a turn: who comes has seven turns before.
    EXPECT_GT(seen.ready_time.quantile_ns(0.5), seen.turn_time.quantile_ns(0.5));
}

TEST(Counters, WakeTimeIsOfTheFirstBellOfASource) {
    runtime own = of_sleepers(2);
    wait_until([&] { return own.stats(0).parks != 0 && own.stats(1).parks != 0; });
    own.block_on(0, value_of(1));
    const shard_stats woken = own.stats(0);
    EXPECT_EQ(woken.bells_from_outside, 1u);
    EXPECT_EQ(woken.wake_time.total(), 1u);
    EXPECT_GT(woken.wake_time.quantile_ns(1), 1u);
    EXPECT_EQ(own.stats(1).wake_time.total(), 0u);
    own.block_on(0, []() -> task<void> {
        co_await value_or_throw(this_runtime().spawn_pinned(1, value_of(1)));
    });
    EXPECT_EQ(own.stats(1).wake_time.total(), 1u);
}

TEST(Counters, ABellIsSparedToWhoWasRungAlready) {
    runtime own = of_sleepers(2);
    const auto spared_for_three = []() -> task<std::uint64_t> {
        const std::uint64_t before = this_runtime().stats(0).bells_spared;
        std::vector<join_handle<int>> all;
        for (int i = 0; i < 3; ++i)
            all.push_back(value_or_throw(this_runtime().spawn_pinned(1, value_of(1))));
        // One bell is due, with the end of this turn.
        const std::uint64_t spared = this_runtime().stats(0).bells_spared - before;
        EXPECT_LE(spared, 2u);
        for (auto& each : all)
            co_await each;
        co_return spared;
    };
    // Who is still on its way to sleep needs none.
    wait_until([&] { return own.block_on(0, spared_for_three) == 2; });
    EXPECT_EQ(own.stats(1).bells_spared, 0u);
}

// --- searches ------------------------------------------------------------------------------------

TEST(Counters, SearchesOfAnIdleRuntimeAreInVain) {
    const runtime own = built(runtime_builder().shards(2).spin_us(1000).rescue(no_rescue()));
    shard_stats seen;
    // Half of the shards search at once; and a search may begin between two looks.
    wait_until([&] {
        seen = own.stats(own.stats(0).searches == 0 ? 1 : 0);
        return seen.searches != 0 && seen.searches_in_vain == seen.searches;
    });
    EXPECT_GT(seen.spins, 0u);
    EXPECT_GT(seen.probes, 0u);
    EXPECT_EQ(seen.thefts, 0u);
    EXPECT_EQ(seen.search_success(), 0);
}

TEST(Counters, ThievesAreWokenAndBringSome) {
    runtime own = of_sleepers(2);
    wait_until([&] { return own.stats(1).parks != 0; });
    own.block_on(0, []() -> task<void> {
        std::vector<join_handle<void>> all;
        for (int i = 0; i < 300; ++i)
            all.push_back(value_or_throw(this_runtime().spawn_stealable_on(0, spins(1, 100us))));
        for (auto& each : all)
            co_await each;
    });
    const shard_stats victim = own.stats(0);
    const shard_stats thief = own.stats(1);
    EXPECT_GE(victim.searchers_woken, 1u);
    EXPECT_EQ(thief.searchers_woken, 0u);
    EXPECT_GE(thief.thefts, 1u);
    EXPECT_GE(thief.searches, thief.thefts);
    EXPECT_GE(thief.probes, thief.searches);
    EXPECT_GE(thief.items_stolen, thief.thefts);
    EXPECT_LT(thief.searches_in_vain, thief.searches);
    EXPECT_GT(thief.search_success(), 0);
    EXPECT_GT(victim.local_hits(), 0u);
}

}  // namespace
}  // namespace spargio
