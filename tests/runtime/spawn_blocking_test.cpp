#include "spargio/runtime/spawn_blocking.hpp"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/runtime/detail/despite_task_stop.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

TEST(SpawnBlocking, YieldsWhatTheCallReturnsFromAnotherThread) {
    run_with(runtime_builder().shards(1), []() -> task<void> {
        const auto shard_thread = std::this_thread::get_id();
        const auto where = co_await spawn_blocking([] { return std::this_thread::get_id(); });
        EXPECT_TRUE(where.has_value());
        EXPECT_NE(*where, shard_thread);
        EXPECT_EQ(std::this_thread::get_id(), shard_thread);
    });
}

TEST(SpawnBlocking, ACallOfNothingYieldsSuccess) {
    const bool called = run_with(runtime_builder().shards(1), []() -> task<bool> {
        bool made = false;
        const auto ended = co_await spawn_blocking([&made] { made = true; });
        co_return ended.has_value() && made;
    });
    EXPECT_TRUE(called);
}

TEST(SpawnBlocking, RethrowsWhatTheCallThrows) {
    const auto entry = []() -> task<void> {
        (void)co_await spawn_blocking([] { throw std::runtime_error("call"); });
    };
    EXPECT_THROW(run_with(runtime_builder().shards(1), entry), std::runtime_error);
}

task<result<void>> blocked_call(std::latch& begun, std::latch& let_go) {
    co_return co_await spawn_blocking([&] {
        begun.count_down();
        let_go.wait();
    });
}

task<result<void>> plain_call() {
    co_return co_await spawn_blocking([] {});
}

TEST(SpawnBlocking, PastThreadsAndQueueItAnswersOverloadedAndCallsNothing) {
    run_with(runtime_builder().shards(1).blocking_threads(1).blocking_queue(1), []() -> task<void> {
        std::latch begun(1);
        std::latch let_go(1);
        auto running = this_shard::spawn(blocked_call(begun, let_go));
        co_await yield();
        begun.wait();
        auto queued = this_shard::spawn(plain_call());
        co_await yield();
        bool called = false;
        const auto refused = co_await spawn_blocking([&called] { called = true; });
        EXPECT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), errc::overloaded);
        let_go.count_down();
        EXPECT_TRUE((co_await *running).has_value());
        EXPECT_TRUE((co_await *queued).has_value());
        EXPECT_FALSE(called);
        EXPECT_TRUE((co_await spawn_blocking([] {})).has_value());
    });
}

TEST(SpawnBlocking, AStopTakesAQueuedCallBackAndWaitsForOneThatHasBegun) {
    run_with(runtime_builder().shards(1).blocking_threads(1), []() -> task<void> {
        std::latch begun(1);
        std::latch let_go(1);
        auto running = this_shard::spawn(blocked_call(begun, let_go));
        co_await yield();
        begun.wait();
        auto queued = this_shard::spawn(plain_call());
        co_await yield();
        queued->request_stop();
        running->request_stop();
        const auto taken_back = co_await *queued;
        EXPECT_FALSE(taken_back.has_value());
        EXPECT_EQ(taken_back.error(), std::errc::operation_canceled);
        EXPECT_FALSE(running->is_done());
        let_go.count_down();
        EXPECT_TRUE((co_await *running).has_value());
    });
}

TEST(SpawnBlocking, ManyCallsShareFewThreads) {
    const int sum = run_with(runtime_builder().shards(2).blocking_threads(3), []() -> task<int> {
        std::vector<task<int>> calls;
        for (int i = 0; i < 200; ++i) {
            calls.push_back([](int number) -> task<int> {
                co_return *co_await spawn_blocking([number] { return number; });
            }(i));
        }
        int total = 0;
        for (int value : co_await when_all(std::move(calls)))
            total += value;
        co_return total;
    });
    EXPECT_EQ(sum, 199 * 200 / 2);
}

/// A call that cleaning up makes, of a task that its runtime has left behind.
TEST(SpawnBlocking, AfterTheShutdownItIsRefusedAndCallsNothing) {
    struct shared {
        std::latch begun{1};
        std::latch go_on{1};
        std::promise<std::error_code> answered;
    };
    const auto both = std::make_shared<shared>();
    auto built = runtime_builder().shards(1).build();
    ASSERT_TRUE(built.has_value());
    auto left = built->handle().spawn(placement::pinned(0), [both]() -> task<void> {
        both->begun.count_down();
        both->go_on.wait();
        const auto refused = co_await detail::despite_task_stop(plain_call());
        both->answered.set_value(refused ? std::error_code() : refused.error());
    });
    left->detach();
    both->begun.wait();
    EXPECT_EQ(built->shutdown_blocking(1ms).survivors.size(), 1u);
    both->go_on.count_down();
    EXPECT_EQ(both->answered.get_future().get(), errc::shut_down);
}

/// The pool is the task's until it has ended, also while its runtime shuts down.
TEST(SpawnBlocking, AShutdownWaitsForACallThatHasBegun) {
    std::latch begun(1);
    std::latch let_go(1);
    auto built = runtime_builder().shards(1).build();
    ASSERT_TRUE(built.has_value());
    auto calling = built->handle().spawn(placement::stealable(), [&]() -> task<bool> {
        const bool made = (co_await blocked_call(begun, let_go)).has_value();
        // It was asked to stop meanwhile.
        const auto next = co_await plain_call();
        co_return made && !next && next.error() == std::errc::operation_canceled;
    });
    begun.wait();
    std::jthread release([&, handle = built->handle()] {
        while (handle.spawn(placement::pinned(0), plain_call).has_value())
            std::this_thread::yield();
        let_go.count_down();
    });
    EXPECT_TRUE(built->shutdown_blocking().clean());
    EXPECT_TRUE(calling->wait());
}

TEST(SpawnBlocking, ACallThatNeverReturnsIsNamedAtTheDeadline) {
    // Kept for ever, like the thread that is left behind in it.
    static std::latch begun(1);
    static std::latch never(1);
    auto built = runtime_builder().shards(1).build();
    ASSERT_TRUE(built.has_value());
    auto handle =
        built->handle().spawn(placement::pinned(0), blocked_call(begun, never), {"stuck"});
    handle->detach();
    begun.wait();
    const shutdown_report report = built->shutdown_blocking(50ms);
    ASSERT_EQ(report.survivors.size(), 1u);
    EXPECT_EQ(report.survivors.front().name, "stuck");
}

}  // namespace
}  // namespace spargio
