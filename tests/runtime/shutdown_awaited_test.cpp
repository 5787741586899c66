// runtime::shutdown(): ending a runtime from one of its own tasks, or from another runtime's.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "hold_up.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/this_task.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

/// Waits until a shutdown has begun.
void wait_for_shutdown(const runtime& own) {
    for (;;) {
        const auto spawned =
            own.handle().spawn(placement::pinned(0), []() -> task<void> { co_return; });
        if (!spawned && spawned.error() == errc::shut_down)
            return;
    }
}

using namespace std::chrono_literals;
using runtime_test::until_stopped;
using runtime_test::with_shards;

TEST(AwaitedShutdown, WaitsForAllOthersAndReportsThemEnded) {
    runtime own = with_shards(2);
    std::atomic<int> ended = 0;
    for (int i = 0; i < 20; ++i) {
        own.handle()
            .spawn(placement::round_robin(),
                   [&]() -> task<void> {
                       (void)co_await until_stopped();
                       for (int turn = 0; turn < 10; ++turn)
                           co_await yield();
                       ++ended;
                   })
            ->detach();
    }
    own.block_on([&]() -> task<void> {
        const auto report = co_await own.shutdown(1h);
        EXPECT_TRUE(report.clean()) << to_string(report);
        EXPECT_EQ(ended, 20);
        EXPECT_EQ(this_shard::spawn(until_stopped).error(), errc::shut_down);
        // This task goes on, was not asked to stop, and may say it again.
        EXPECT_TRUE((co_await own.shutdown(0ns)).clean());
    });
    EXPECT_TRUE(own.shutdown_blocking().clean());
}

TEST(AwaitedShutdown, AloneItYieldsAtOnce) {
    runtime own = with_shards(1);
    EXPECT_TRUE(own.block_on([&] { return own.shutdown(0ns); }).clean());
    EXPECT_TRUE(own.shutdown_blocking().clean());
    runtime other = with_shards(1);
    EXPECT_TRUE(other.block_on([&] { return other.shutdown(1h); }).clean());
}

TEST(AwaitedShutdown, SeveralTasksAtOnce) {
    for (int round = 0; round < 50; ++round) {
        runtime own = with_shards(2);
        std::atomic<int> ended = 0;
        std::vector<join_handle<bool>> callers;
        for (int i = 0; i < 4; ++i) {
            own.handle()
                .spawn(placement::round_robin(),
                       [&]() -> task<void> {
                           (void)co_await until_stopped();
                           ++ended;
                       })
                ->detach();
        }
        std::atomic<int> ready = 0;
        for (unsigned number = 0; number < 4; ++number) {
            callers.push_back(*own.handle().spawn(placement::pinned(number % 2),
                                                  [&own, &ended, &ready]() -> task<bool> {
                                                      for (++ready; ready != 4;)
                                                          co_await yield();
                                                      // Three of the four have been asked to stop
                                                      // by the first.
                                                      const auto report = co_await own.shutdown(1h);
                                                      co_return report.clean() && ended == 4;
                                                  }));
        }
        for (auto& each : callers)
            EXPECT_TRUE(each.wait());
        EXPECT_TRUE(own.shutdown_blocking().clean());
    }
}

TEST(AwaitedShutdown, TwiceInOneTask) {
    runtime own = with_shards(2);
    std::atomic<bool> ended = false;
    own.handle()
        .spawn(placement::pinned(1),
               [&]() -> task<void> {
                   (void)co_await until_stopped();
                   for (int turn = 0; turn < 50; ++turn)
                       co_await yield();
                   ended = true;
               })
        ->detach();
    own.block_on([&]() -> task<void> {
        const auto [first, second] = co_await when_all(own.shutdown(1h), own.shutdown(1h));
        EXPECT_TRUE(first.clean());
        EXPECT_TRUE(second.clean());
        EXPECT_TRUE(ended);
    });
}

TEST(AwaitedShutdown, FromAnotherRuntimeItWaitsForEveryTask) {
    runtime own = with_shards(2);
    runtime other = with_shards(1);
    std::atomic<bool> ended = false;
    own.handle()
        .spawn(placement::pinned(1),
               [&]() -> task<void> {
                   (void)co_await until_stopped();
                   for (int turn = 0; turn < 50; ++turn)
                       co_await yield();
                   ended = true;
               })
        ->detach();
    other.block_on([&]() -> task<void> {
        const auto report = co_await own.shutdown(1h);
        EXPECT_TRUE(report.clean());
        EXPECT_TRUE(ended);
    });
    EXPECT_TRUE(other.block_on([]() -> task<bool> { co_return true; })) << "that one lives on";
}

TEST(AwaitedShutdown, NamesWhoIsLeftAtTheDeadlineAndTheTaskGoesOn) {
    runtime own = with_shards(2);
    std::atomic<bool> end = false;
    std::atomic<bool> started = false;
    auto left = own.handle().spawn(placement::pinned(1),
                                   [&]() -> task<void> {
                                       started = true;
                                       while (!end)
                                           co_await yield();
                                   },
                                   {"stubborn"});
    while (!started)
        std::this_thread::yield();
    own.block_on([&]() -> task<void> {
        const auto report = co_await own.shutdown(1ms);
        EXPECT_EQ(report.survivors.size(), 1u);
        if (!report.clean()) {
            EXPECT_EQ(report.survivors[0].id, left->id());
            EXPECT_EQ(report.survivors[0].name, "stubborn");
        }
        end = true;
        EXPECT_TRUE((co_await own.shutdown(1h)).clean());
    });
    left->wait();
    EXPECT_TRUE(own.shutdown_blocking().clean());
}

TEST(AwaitedShutdown, WhoShutDownOnceIsAskedToStopByTheNext) {
    runtime own = with_shards(1);
    std::atomic<bool> shut = false;
    auto caller = own.handle().spawn(placement::pinned(0), [&]() -> task<bool> {
        EXPECT_TRUE((co_await own.shutdown(1h)).clean());
        shut = true;
        co_return co_await until_stopped();
    });
    while (!shut)
        std::this_thread::yield();
    EXPECT_TRUE(own.shutdown_blocking().clean());
    EXPECT_TRUE(caller->wait());
}

TEST(AwaitedShutdown, AStopRequestToTheCallerDoesNotEndItsWait) {
    runtime own = with_shards(1);
    std::atomic<bool> end = false;
    auto left = own.handle().spawn(placement::pinned(0), [&]() -> task<void> {
        while (!end)
            co_await yield();
    });
    auto caller = own.handle().spawn(placement::pinned(0), [&]() -> task<bool> {
        co_return (co_await own.shutdown(1h)).clean();
    });
    wait_for_shutdown(own);
    caller->request_stop();
    std::this_thread::yield();
    EXPECT_FALSE(caller->is_done());
    end = true;
    EXPECT_TRUE(caller->wait());
    left->wait();
}

TEST(AwaitedShutdown, WhatStopsOnlyTheAwaitEndsIt) {
    runtime own = with_shards(1);
    std::atomic<bool> end = false;
    auto left = own.handle().spawn(placement::pinned(0), [&]() -> task<void> {
        while (!end)
            co_await yield();
    });
    own.block_on([&]() -> task<void> {
        const auto soon = []() -> task<void> {
            for (int turn = 0; turn < 10; ++turn)
                co_await yield();
        };
        const auto first = co_await when_any(own.shutdown(1h), soon());
        EXPECT_EQ(first.index(), 1u);
        end = true;
        EXPECT_TRUE((co_await own.shutdown(1h)).clean());
    });
    left->wait();
}

TEST(AwaitedShutdown, TheRuntimeMayEndWhileItIsAwaited) {
    // From another runtime, whose task holds on to what it needs.
    runtime other = with_shards(1);
    auto own = std::make_unique<runtime>(with_shards(2));
    own->handle().spawn(placement::pinned(1), until_stopped)->detach();
    auto waiting = other.handle().spawn(placement::pinned(0), [&]() -> task<bool> {
        co_return (co_await own->shutdown(1h)).clean();
    });
    wait_for_shutdown(*own);
    own.reset();
    EXPECT_TRUE(waiting->wait());
}

TEST(Shutdown, SpawnsRaceIt) {
    for (int round = 0; round < 50; ++round) {
        runtime own = with_shards(2);
        std::atomic<int> admitted = 0;
        std::atomic<int> ended = 0;
        std::vector<std::thread> threads;
        for (unsigned number = 0; number < 4; ++number) {
            threads.emplace_back([&, handle = own.handle()] {
                for (;;) {
                    const auto spawned =
                        handle.spawn(placement::round_robin(), [&]() -> task<void> {
                            (void)co_await until_stopped();
                            ++ended;
                        });
                    if (!spawned) {
                        EXPECT_EQ(spawned.error(), errc::shut_down);
                        return;
                    }
                    ++admitted;
                }
            });
        }
        // And one that spawns on its own shard.
        own.handle()
            .spawn(placement::pinned(0),
                   [&]() -> task<void> {
                       while (this_shard::spawn([&]() -> task<void> {
                           (void)co_await until_stopped();
                           ++ended;
                       })) {
                           ++admitted;
                           co_await yield();
                       }
                   })
            ->detach();
        while (admitted < 20)
            std::this_thread::yield();
        EXPECT_TRUE(own.shutdown_blocking().clean());
        for (std::thread& thread : threads)
            thread.join();
        EXPECT_EQ(ended, admitted);
    }
}

/// The last other task ends while the shutdown that waits for it is about to begin its wait, and is
/// to be stopped at once.
TEST(AwaitedShutdown, StoppedAndDoneBeforeItWaitsItGoesOnOnce) {
    runtime own = with_shards(2);
    std::atomic<bool> asked = false;
    const auto tell = [&] {
        // Its shard sleeps no sooner than the told task has ended and has said so.
        const std::uint64_t parks = own.stats(1).parks;
        asked = true;
        while (own.stats(1).parks == parks)
            detail::pause();
    };
    // It is called while its task ends, and never destroyed: the source it would leave has gone.
    union never_destroyed {
        never_destroyed() {}
        ~never_destroyed() {}
        stop_callback<decltype(tell)> callback;
    } kept;
    std::atomic<bool> listening = false;
    own.handle()
        .spawn(placement::pinned(1),
               [&]() -> task<void> {
                   const stop_token stop = co_await this_task::stop();
                   std::construct_at(&kept.callback, stop, tell);
                   listening = true;
                   while (!asked)
                       co_await yield();
               })
        ->detach();
    while (!listening)
        std::this_thread::yield();
    int went_on = 0;
    own.block_on([&]() -> task<void> {
        const auto nothing = []() -> task<void> { co_return; };
        const auto ended = [&]() -> task<void> {
            (void)co_await own.shutdown(1h);
            ++went_on;
        };
        co_await when_any(nothing(), ended());
        for (int turn = 0; turn < 100; ++turn)
            co_await yield();
    });
    EXPECT_EQ(went_on, 1);
    EXPECT_TRUE(own.shutdown_blocking().clean());
}

/// It was admitted, and is on no list before it starts.
TEST(AwaitedShutdown, ATaskThatIsJustToStartIsNotForgottenAtTheDeadline) {
    for (const bool limited : {false, true}) {
        runtime_test::hold_up between;
        std::atomic<bool> ended = false;
        runtime own = with_shards(2);
        own.block_on(1, [&]() -> task<void> {
            shard::current()->defer(between);
            co_return;
        });
        between.begun.wait();
        own.handle()
            .spawn(placement::pinned(1),
                   [&]() -> task<void> {
                       (void)co_await until_stopped();
                       ended = true;
                   })
            ->detach();
        std::jthread release([&] {
            wait_for_shutdown(own);
            // Past the deadline, if the shutdown does not wait.
            for (int look = 0; look != 100'000; ++look)
                detail::pause();
            between.let_go.count_down();
        });
        own.block_on([&]() -> task<void> {
            shutdown_report report;
            if (limited) {
                auto in_time = co_await timeout(0ns, own.shutdown(1h));
                report = value_or_throw(std::move(in_time));
            } else {
                report = co_await own.shutdown(0ns);
            }
            EXPECT_TRUE(!report.clean() || ended) << to_string(report);
        });
    }
}

}  // namespace
}  // namespace spargio
