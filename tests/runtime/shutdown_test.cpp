// Ending a runtime from outside: with everything in flight, idempotent, past the deadline.

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "hold_up.hpp"
#include "process.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::until_stopped;
using runtime_test::with_shards;
using ::testing::HasSubstr;

TEST(Shutdown, StopsWhatWaitsAndLeavesNothingOpen) {
    { const runtime first = with_shards(1); }
    const std::size_t descriptors = runtime_test::descriptors();
    const std::size_t threads = runtime_test::thread_names().size();
    std::atomic<int> cancelled = 0;
    {
        // Whose other ends stay open and silent.
        std::vector<testing::socket_pair> pairs;
        for (int i = 0; i < 2; ++i)
            pairs.push_back(*testing::socket_pair::tcp());
        std::atomic<int> waiting = 0;
        runtime own = with_shards(2);
        for (unsigned shard = 0; shard < 2; ++shard) {
            for (int i = 0; i < 10; ++i) {
                own.handle()
                    .spawn(placement::pinned(shard),
                           [&]() -> task<void> {
                               ++waiting;
                               cancelled += co_await until_stopped();
                           })
                    ->detach();
            }
            const int end = pairs[shard].release_first();
            own.handle()
                .spawn(placement::pinned(shard),
                       [&, end]() -> task<void> {
                           auto stream = tcp_stream::from_fd(end);
                           std::array<std::byte, 16> buffer;
                           ++waiting;
                           const auto got = co_await stream->read_some(buffer);
                           cancelled += !got && got.error() == std::errc::operation_canceled;
                       })
                ->detach();
            own.handle()
                .spawn(placement::pinned(shard),
                       [&]() -> task<void> {
                           ++waiting;
                           cancelled += !co_await this_shard::next_event();
                       })
                ->detach();
        }
        while (waiting != 24)
            std::this_thread::yield();
        const shutdown_report report = own.shutdown_blocking();
        EXPECT_TRUE(report.clean()) << to_string(report);
        EXPECT_EQ(own.stats(0).operations_in_flight + own.stats(1).operations_in_flight, 0u);
    }
    EXPECT_EQ(cancelled, 24);
    EXPECT_EQ(runtime_test::descriptors(), descriptors);
    EXPECT_TRUE(runtime_test::threads_become(threads));
}

TEST(Shutdown, TheDestructorDoesTheSame) {
    std::atomic<int> cancelled = 0;
    {
        runtime own = with_shards(2);
        for (unsigned shard = 0; shard < 2; ++shard) {
            own.handle()
                .spawn(placement::pinned(shard),
                       [&]() -> task<void> { cancelled += co_await until_stopped(); })
                ->detach();
        }
    }
    EXPECT_EQ(cancelled, 2);
}

/// Ready, running, asleep or waiting in a line, on whichever shard.
TEST(Shutdown, DetachedStealableTasksEndWhereverTheyAre) {
    constexpr int tasks = 400;
    std::atomic<int> begun = 0;
    std::atomic<int> ended = 0;
    {
        runtime own = with_shards(3);
        for (int i = 0; i < tasks; ++i) {
            value_or_throw(own.handle().spawn_stealable([&, i]() -> task<void> {
                ++begun;
                if (i % 2 == 0)
                    (void)co_await until_stopped();
                for (int turn = 0; turn < i % 8; ++turn)
                    co_await yield();
                ++ended;
            })).detach();
        }
        while (begun < tasks / 2)
            std::this_thread::yield();
        EXPECT_TRUE(own.shutdown_blocking().clean());
        EXPECT_EQ(ended, tasks);
    }
    EXPECT_EQ(begun, tasks);
}

TEST(Shutdown, AgainYieldsTheSameReport) {
    runtime own = with_shards(2);
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_TRUE(own.shutdown_blocking(0s).clean());
}

TEST(Shutdown, SeveralThreadsAtOnce) {
    for (int round = 0; round < 20; ++round) {
        runtime own = with_shards(2);
        own.handle().spawn(placement::pinned(1), until_stopped)->detach();
        std::vector<std::thread> threads;
        for (int number = 0; number < 3; ++number)
            threads.emplace_back([&] { EXPECT_TRUE(own.shutdown_blocking().clean()); });
        for (std::thread& thread : threads)
            thread.join();
    }
}

TEST(Shutdown, WhatEndsNeedsMoreAwaitsThanOne) {
    runtime own = with_shards(2);
    auto tidy = own.handle().spawn(placement::pinned(0), []() -> task<int> {
        (void)co_await until_stopped();
        int turns = 0;
        for (; turns < 100; ++turns)
            co_await yield();
        co_return turns;
    });
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_EQ(tidy->wait(), 100);
}

TEST(Shutdown, TasksMayJoinOthersThatTheyStopToo) {
    runtime own = with_shards(2);
    auto parent = own.handle().spawn(placement::pinned(0), []() -> task<bool> {
        co_return co_await *this_runtime().spawn(placement::pinned(1), until_stopped);
    });
    while (own.stats(1).tasks_alive == 0)
        std::this_thread::yield();
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_TRUE(parent->wait());
}

// --- past the deadline ---------------------------------------------------------------------------

/// Heeds no stop request; ends when it is told to.
struct stubborn {
    std::atomic<bool> started = false;
    std::atomic<bool> end = false;
    std::atomic<bool> ended = false;

    task<void> run() {
        started = true;
        while (!end)
            co_await yield();
        ended = true;
    }
    /// Blocks its shard's thread.
    task<void> block() {
        started = true;
        while (!end)
            std::this_thread::yield();
        ended = true;
        co_return;
    }
};

TEST(Shutdown, ATaskThatIgnoresItsStopIsNamed) {
    const std::size_t threads = runtime_test::thread_names().size();
    stubborn task_left;
    std::atomic<bool> other_ended = false;
    {
        runtime own = with_shards(2);
        auto left =
            own.handle().spawn(placement::pinned(1), [&] { return task_left.run(); }, {"stubborn"});
        own.handle()
            .spawn(placement::pinned(0),
                   [&]() -> task<void> { other_ended = co_await until_stopped(); })
            ->detach();
        while (!task_left.started)
            std::this_thread::yield();
        const shutdown_report report = own.shutdown_blocking(200ms);
        ASSERT_EQ(report.survivors.size(), 1u);
        EXPECT_EQ(report.survivors[0].id, left->id());
        EXPECT_EQ(report.survivors[0].name, "stubborn");
        EXPECT_EQ(report.survivors[0].shard, 1u);
        EXPECT_EQ(to_string(report),
                  "1 tasks did not end: " + std::to_string(left->id()) + " 'stubborn' on shard 1");
        EXPECT_EQ(own.shutdown_blocking().survivors.size(), 1u);
        EXPECT_EQ(own.handle().spawn(placement::pinned(0), until_stopped).error(), errc::shut_down);
        left->detach();
    }
    EXPECT_TRUE(other_ended);
    // Its frame is left behind; its thread is not.
    EXPECT_TRUE(runtime_test::threads_become(threads));
    EXPECT_FALSE(task_left.ended);
}

TEST(Shutdown, AThreadStuckInUserCodeIsLeftBehindAndTheOthersEnd) {
    const std::size_t threads = runtime_test::thread_names().size();
    stubborn stuck;
    std::atomic<int> others = 0;
    {
        runtime own = with_shards(3);
        own.handle()
            .spawn(placement::pinned(1), [&] { return stuck.block(); }, {"stuck"})
            ->detach();
        while (!stuck.started)
            std::this_thread::yield();
        for (unsigned shard : {0u, 2u}) {
            own.handle()
                .spawn(placement::pinned(shard),
                       [&]() -> task<void> { others += co_await until_stopped(); })
                ->detach();
        }
        // Behind the stuck one, it does not even start.
        own.handle().spawn(placement::pinned(1), until_stopped)->detach();
        const shutdown_report report = own.shutdown_blocking(20ms);
        ASSERT_FALSE(report.clean());
        EXPECT_EQ(report.survivors[0].name, "stuck");
        EXPECT_EQ(report.survivors[0].shard, 1u);
        EXPECT_EQ(others, 2);
    }
    EXPECT_TRUE(runtime_test::threads_become(threads + 1));
    stuck.end = true;
    EXPECT_TRUE(runtime_test::threads_become(threads));
    EXPECT_TRUE(stuck.ended);
}

TEST(Shutdown, TheDestructorNamesSurvivorsOnStandardError) {
    const auto end = runtime_test::run_child("destroyed_with_a_survivor");
    EXPECT_EQ(end.status, 0);
    EXPECT_THAT(end.err, HasSubstr("spargio: shutdown: 1 tasks did not end: "));
    EXPECT_THAT(end.err, HasSubstr("'sleepless' on shard 0"));
}

SPARGIO_CHILD_PROGRAM(destroyed_with_a_survivor) {
    stubborn left;
    {
        const runtime own = with_shards(1);
        own.handle()
            .spawn(placement::pinned(0), [&] { return left.run(); }, {"sleepless"})
            ->detach();
    }
    return left.ended ? 1 : 0;
}

TEST(Shutdown, OnTheSimulatedKernelNothingIsLeft) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        testing::simulated_options options;
        options.seed = seed;
        options.noise_percent = 20;
        testing::simulated_kernel kernel(options);
        {
            auto own = runtime_builder().shards(3).build_on(kernel);
            ASSERT_TRUE(own.has_value()) << own.error().message;
            std::atomic<int> ended = 0;
            for (int i = 0; i < 30; ++i) {
                own->handle()
                    .spawn(placement::round_robin(),
                           [&]() -> task<void> {
                               // By its stop, or at the end of its time: the clock may jump there.
                               (void)co_await until_stopped();
                               ++ended;
                           })
                    ->detach();
            }
            EXPECT_TRUE(own->shutdown_blocking().clean()) << kernel.describe();
            EXPECT_EQ(ended, 30) << kernel.describe();
        }
        EXPECT_EQ(kernel.open_descriptors(), 0u) << kernel.describe();
        EXPECT_EQ(kernel.foreign_entries(), 0u) << kernel.describe();
    }
}

TEST(Shutdown, ADeadlineAtTheEndOfTimeIsWaitedFor) {
    runtime own = with_shards(1);
    std::atomic<bool> ended = false;
    own.handle()
        .spawn(placement::pinned(0),
               [&]() -> task<void> {
                   (void)co_await until_stopped();
                   for (int turn = 0; turn < 1000; ++turn)
                       co_await yield();
                   ended = true;
               })
        ->detach();
    EXPECT_TRUE(own.shutdown_blocking(std::chrono::nanoseconds::max()).clean());
    EXPECT_TRUE(ended);
}

TEST(Shutdown, ATaskThatIsJustToStartIsNotForgottenAtTheDeadline) {
    runtime_test::hold_up between;
    runtime own = with_shards(1);
    own.block_on([&]() -> task<void> {
        shard::current()->defer(between);
        co_return;
    });
    between.begun.wait();
    auto started = own.handle().spawn(placement::pinned(0), until_stopped());
    ASSERT_TRUE(started.has_value());
    std::jthread release([&, target = *own.handle().remote(0)] {
        for (;;) {
            const auto sent = target.send_raw_nowait(1, 1);
            if (!sent && sent.error() == errc::shut_down)
                break;
        }
        // Past the deadline, if the shutdown does not wait.
        for (int look = 0; look != 100'000; ++look)
            detail::pause();
        between.let_go.count_down();
    });
    const shutdown_report report = own.shutdown_blocking(0ns);
    // Who is named was alive at the deadline, and may have ended since.
    if (report.clean()) {
        EXPECT_TRUE(started->is_done());
    } else {
        EXPECT_EQ(report.survivors.size(), 1u) << to_string(report);
        EXPECT_EQ(report.survivors.front().id, started->id());
    }
    started->detach();
}

}  // namespace
}  // namespace spargio
