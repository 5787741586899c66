// The loop of one shard under virtual time, on one thread.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "spargio/ring/ops/close.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"
#include "stage.hpp"

namespace spargio::shard_test {
namespace {

using namespace std::chrono_literals;
using testing::request_kind;
using testing::scripted_outcome;
using testing::simulated_kernel;

task<result<std::size_t>> receive(int descriptor) {
    std::array<std::byte, 16> buffer;
    co_return co_await detail::await_operation<recv_operation>(detail::decode_count{}, nullptr,
                                                               descriptor, std::span(buffer));
}

task<void> sleep_and_note(std::chrono::nanoseconds wait, std::vector<std::uint64_t>& woke) {
    EXPECT_TRUE(co_await sleep_for(wait));
    woke.push_back(shard::current()->now_ns());
}

TEST(Loop, RunsWhatWasQueuedBeforeAndEnds) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    std::string order;
    action first([&] { order += 'a'; });
    action second([&] { order += 'b'; });
    here->defer(first);
    here->post(second);
    here.run();
    EXPECT_EQ(order, "ab");
    EXPECT_EQ(shard::current(), nullptr);
}

TEST(Loop, TimersFireInOrderAndBoundTheSleep) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    const std::uint64_t start = kernel.now_ns();
    std::vector<std::uint64_t> woke;
    root<void> late(*here, sleep_and_note(30ms, woke));
    root<void> early(*here, sleep_and_note(10ms, woke));
    root<void> middle(*here, sleep_and_note(20ms, woke));
    here.add(late);
    here.add(early);
    here.add(middle);
    here.run();
    ASSERT_EQ(woke.size(), 3u);
    for (std::uint64_t i = 0; i < 3; ++i) {
        EXPECT_GE(woke[i], start + (i + 1) * 10'000'000);
        EXPECT_LT(woke[i], start + (i + 1) * 10'000'000 + 100'000);
    }
    EXPECT_EQ(here->stats().timers_fired, 3u);
    EXPECT_LE(here->stats().parks, 4u);
}

TEST(Loop, ManyEqualDeadlinesFireInOneTurn) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    const std::uint64_t deadline = kernel.now_ns() + 1'000'000;
    std::vector<std::uint64_t> turns;
    std::vector<std::unique_ptr<alarm_clock>> clocks;
    for (int i = 0; i < 100; ++i) {
        clocks.push_back(
            std::make_unique<alarm_clock>(*here, [&] { turns.push_back(here->stats().turns); }));
        clocks.back()->set(deadline);
    }
    here.run();
    ASSERT_EQ(turns.size(), 100u);
    EXPECT_EQ(turns.front(), turns.back());
}

TEST(Loop, PastDeadlinesFireWithoutASleep) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    std::vector<std::uint64_t> woke;
    here.run(sleep_and_note(0ns, woke));
    EXPECT_EQ(here->stats().parks, 0u);
}

TEST(Loop, WhatQueuesItselfAgainComesAfterTheNextService) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    constexpr unsigned times = 20;
    std::vector<unsigned> per_turn(2 * times);
    unsigned left = times;
    std::unique_ptr<action> again;
    again = std::make_unique<action>([&] {
        ++per_turn.at(here->stats().turns);
        if (--left != 0)
            here->defer(*again);
    });
    here->defer(*again);
    here.run();
    EXPECT_EQ(left, 0u);
    for (unsigned runs : per_turn)
        EXPECT_LE(runs, 1u);
}

/// How many of a thousand items are run in each turn, when each of them takes `each_ns`, and the
/// first one `first_ns`.
std::vector<unsigned> items_per_turn(detail::work_kind kind, std::uint64_t each_ns,
                                     std::uint64_t first_ns) {
    constexpr unsigned items = 1'000;
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    std::vector<unsigned> per_turn(items + 2);
    std::vector<std::unique_ptr<action>> actions;
    bool first = true;
    for (unsigned i = 0; i < items; ++i) {
        actions.push_back(std::make_unique<action>([&] {
            kernel.advance(std::exchange(first, false) ? first_ns : each_ns);
            ++per_turn.at(here->stats().turns);
        }));
        actions.back()->kind = kind;
        here->defer_next(*actions.back());
    }
    here.run();
    return per_turn;
}

TEST(Loop, RunsAtMostSoManyItemsPerTurn) {
    for (const auto kind : {detail::work_kind::pinned, detail::work_kind::stealable}) {
        const std::vector<unsigned> per_turn = items_per_turn(kind, 0, 0);
        EXPECT_EQ(per_turn[1], shard::most_run_per_turn);
        EXPECT_EQ(per_turn[2], shard::most_run_per_turn);
        EXPECT_EQ(per_turn[3], shard::most_run_per_turn);
        EXPECT_EQ(per_turn[4], 1'000 - 3 * shard::most_run_per_turn);
    }
}

TEST(Loop, RunsNoMoreNextItemsPerTurnThanAreOverSoon) {
    constexpr std::uint64_t quarter_ns = detail::turn_times::longest_ns / 4 - 100;
    auto per_turn = items_per_turn(detail::work_kind::stealable, quarter_ns, quarter_ns);
    EXPECT_EQ(per_turn[1], shard::most_run_per_turn);
    EXPECT_EQ(per_turn[2], 4u);
    EXPECT_EQ(per_turn[3], 4u);
    per_turn = items_per_turn(detail::work_kind::stealable, 8 * quarter_ns, 0);
    EXPECT_EQ(per_turn[2], 1u);
    EXPECT_EQ(per_turn[3], 1u);
    per_turn = items_per_turn(detail::work_kind::pinned, quarter_ns, quarter_ns);
    EXPECT_EQ(per_turn[2], shard::most_run_per_turn);
}

TEST(Loop, RunsMoreNextItemsPerTurnAgainWhenTheyAreShort) {
    const auto per_turn = items_per_turn(detail::work_kind::stealable, 0, 10'000'000);
    EXPECT_EQ(per_turn[2], 1u);
    EXPECT_EQ(*std::max_element(per_turn.begin() + 3, per_turn.end()), shard::most_run_per_turn);
}

/// What keeps the shard busy in each of the ways there are, while something else has to happen.
enum class busy { defers_itself, posts_itself, always_due_timer };

class BusyShard : public ::testing::TestWithParam<std::tuple<busy, unsigned>> {
protected:
    /// Keeps `here` busy until `done`.
    static task<void> keep_busy(busy how, const bool& done) {
        while (!done) {
            switch (how) {
            case busy::defers_itself:
                co_await step_aside();
                break;
            case busy::posts_itself:
                co_await suspend_with(
                    [](detail::promise_base& waiter) { shard::current()->post(waiter); });
                break;
            case busy::always_due_timer:
                (void)co_await sleep_for(0ns);
                break;
            }
        }
    }
};

TEST_P(BusyShard, StillSubmitsAndTakesCompletions) {
    const auto [how, spin_us] = GetParam();
    simulated_kernel kernel(alone(3));
    const auto ends = kernel.stream_pair();
    stage here(kernel, small(spin_us));
    bool done = false;
    root<void> busy_one(*here, keep_busy(how, done));
    root<result<std::size_t>> reader(*here, receive(ends.first));
    // Far beyond any delay of the simulated kernel: reached only if the operation starves.
    alarm_clock give_up(*here, [&] {
        ADD_FAILURE() << "starved";
        done = true;
        kernel.write(ends.second, std::as_bytes(std::span("late")));
    });
    give_up.set(kernel.now_ns() + 50'000'000);
    alarm_clock write(*here, [&] { kernel.write(ends.second, std::as_bytes(std::span("now"))); });
    write.set(kernel.now_ns() + 1'000'000);
    reader.at_end = [&] {
        done = true;
        give_up.unset();
    };
    here.add(reader);
    here.add(busy_one);
    here.run();
    EXPECT_EQ(reader.take(), 4u);
}

std::string name_of(const ::testing::TestParamInfo<BusyShard::ParamType>& info) {
    constexpr std::array names = {"defers_itself", "posts_itself", "always_due_timer"};
    const auto [what, spin_us] = info.param;
    return names.at(static_cast<std::size_t>(what)) +
           std::string(spin_us == 0 ? "_sleeping" : "_spinning");
}

INSTANTIATE_TEST_SUITE_P(Loop, BusyShard,
                         ::testing::Combine(::testing::Values(busy::defers_itself,
                                                              busy::posts_itself,
                                                              busy::always_due_timer),
                                            ::testing::Values(0u, 50u)),
                         name_of);

TEST(Loop, TimersFireWhileSomethingDefersItself) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    bool done = false;
    alarm_clock clock(*here, [&] { done = true; });
    clock.set(kernel.now_ns() + 1'000'000);
    here.run([](const bool& fired) -> task<void> {
        while (!fired)
            co_await step_aside();
    }(done));
    EXPECT_TRUE(done);
}

// --- the end -------------------------------------------------------------------------------------

TEST(Loop, ExitWaitsForOperationsInFlight) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        simulated_kernel kernel(alone(seed));
        const auto ends = kernel.stream_pair();
        stage here(kernel);
        root<result<std::size_t>> reader(*here, receive(ends.first));
        reader.start();
        alarm_clock write(*here,
                          [&] { kernel.write(ends.second, std::as_bytes(std::span("abc"))); });
        write.set(kernel.now_ns() + 1'000'000);
        here->request_exit();
        here->run();
        ASSERT_TRUE(reader.done()) << kernel.describe();
        EXPECT_EQ(reader.take(), 4u);
        EXPECT_EQ(here->stats().operations_in_flight, 0u);
    }
}

/// An operation that never came by a request is not in flight.
TEST(Loop, ExitWaitsForWhatWaitsForRoomInTheRing) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    bool closed = false;
    action end([&] { closed = true; });
    close_operation close(kernel.socket());
    close.waiter = &end;
    if (!here->features().has(feature::message_ring)) {
        here.run();
        GTEST_SKIP() << "message_ring is forced off: nothing else fills the queue";
    }
    action fill([&] {
        kernel.script_entries(-EAGAIN, 4);
        // Bells are no operations, and take room all the same.
        while (here->io().send_bell(here->io().descriptor(), 0)) {
        }
        here->io().submit(close);
        EXPECT_EQ(here->io().in_flight(), 0u);
    });
    here->defer(fill);
    here.run();
    EXPECT_TRUE(closed);
}

/// The operation's own completion is not the last that is to come.
TEST(Loop, ExitWaitsForTheAcknowledgementOfACancel) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        simulated_kernel kernel({.seed = seed,
                                 .order = testing::cancel_order::target_first,
                                 .race = testing::cancel_race::cancel_wins,
                                 .foreign_threads = false});
        const auto ends = kernel.stream_pair();
        stage here(kernel);
        root<result<std::size_t>> reader(*here, receive(ends.first));
        reader.start();
        alarm_clock stop(*here, [&] { reader.request_stop(); });
        stop.set(kernel.now_ns() + 1'000'000);
        here->request_exit();
        here->run();
        ASSERT_TRUE(reader.done()) << kernel.describe();
        EXPECT_EQ(reader.take().error(), std::errc::operation_canceled);
    }
}

TEST(Loop, ExitWaitsForTimersAndPosts) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    std::string order;
    action post([&] { order += 'p'; });
    alarm_clock clock(*here, [&] {
        order += 't';
        here->post(post);
    });
    clock.set(kernel.now_ns() + 1'000'000);
    here->request_exit();
    here->run();
    EXPECT_EQ(order, "tp");
}

TEST(Loop, AbandonEndsAtTheNextTurn) {
    // What is left behind on purpose stays reachable.
    static auto* kernel = new simulated_kernel(alone(1));
    static auto* here = new shard(*kernel, small());
    static root<result<std::size_t>>* reader = nullptr;
    ASSERT_TRUE(here->open());
    const auto ends = kernel->stream_pair();
    reader = new root<result<std::size_t>>(*here, receive(ends.first));
    reader->start();
    alarm_clock clock(*here, [&] { here->abandon(); });
    clock.set(kernel->now_ns() + 1'000'000);
    here->run();
    EXPECT_FALSE(reader->done());
    EXPECT_EQ(here->stats().operations_in_flight, 1u);
    here->close();
    EXPECT_EQ(here->stats().operations_in_flight, 1u);
}

TEST(Loop, AbandonBeatsAnExitThatWaits) {
    static auto* kernel = new simulated_kernel(alone(1));
    static auto* here = new shard(*kernel, small());
    static root<result<std::size_t>>* reader = nullptr;
    ASSERT_TRUE(here->open());
    const auto ends = kernel->stream_pair();
    reader = new root<result<std::size_t>>(*here, receive(ends.first));
    reader->start();
    here->request_exit();
    alarm_clock clock(*here, [&] { here->abandon(); });
    clock.set(kernel->now_ns() + 1'000'000);
    here->run();
    EXPECT_FALSE(reader->done());
    here->close();
}

TEST(Loop, StatsOutliveTheRing) {
    simulated_kernel kernel(alone(1));
    shard here(kernel, small());
    ASSERT_TRUE(here.open());
    const feature_set features = here.features();
    alarm_clock clock(here, [] {});
    clock.set(kernel.now_ns() + 1'000'000);
    here.request_exit();
    here.run();
    const shard_stats before = here.stats();
    here.close();
    const shard_stats after = here.stats();
    EXPECT_GT(before.kernel_entries, 0u);
    EXPECT_EQ(after.kernel_entries, before.kernel_entries);
    EXPECT_EQ(after.timers_fired, 1u);
    EXPECT_EQ(here.features(), features);
}

TEST(Loop, OpenThatFailsLeavesNothingBehind) {
    simulated_kernel kernel({.seed = 1, .create_error = EPERM, .foreign_threads = false});
    shard here(kernel, small());
    const auto opened = here.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error(), std::errc::operation_not_permitted);
    EXPECT_EQ(kernel.open_descriptors(), 0u);
}

TEST(Loop, CloseClosesEveryDescriptor) {
    for (const feature missing : {feature::message_ring, feature::attempt_first}) {
        simulated_kernel kernel({.seed = 1, .missing = {missing}, .foreign_threads = false});
        {
            stage here(kernel);
            EXPECT_GE(kernel.open_descriptors(), 1u);
            here.run();
        }
        EXPECT_EQ(kernel.open_descriptors(), 0u);
    }
}

}  // namespace
}  // namespace spargio::shard_test
