#include "spargio/runtime/cancellation_token.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::with_shards;

std::atomic<unsigned> begun = 0;

task<bool> waits_for(cancellation_token token) {
    ++begun;
    co_return (co_await token.cancelled()).has_value();
}

TEST(CancellationToken, CopiesShareTheirStateAndOneIsTheFirst) {
    const cancellation_token token;
    const cancellation_token copy = token;
    EXPECT_FALSE(copy.is_cancelled());
    EXPECT_TRUE(token.cancel());
    EXPECT_FALSE(copy.cancel());
    EXPECT_TRUE(copy.is_cancelled());
}

TEST(CancellationToken, AChildIsCancelledWithItsParentAndNotTheOtherWayRound) {
    const cancellation_token parent;
    const cancellation_token first = parent.child();
    const cancellation_token grandchild = parent.child().child();
    EXPECT_TRUE(first.cancel());
    EXPECT_FALSE(parent.is_cancelled());
    EXPECT_FALSE(grandchild.is_cancelled());
    EXPECT_TRUE(parent.cancel());
    EXPECT_TRUE(grandchild.is_cancelled());
    EXPECT_TRUE(parent.child().is_cancelled());
}

TEST(CancellationToken, TellsAllWhoWaitWhereverTheyAre) {
    runtime own = with_shards(3);
    const cancellation_token token;
    begun = 0;
    std::vector<join_handle<bool>> waiting;
    for (unsigned i = 0; i < 30; ++i) {
        const auto where = i % 2 == 0 ? placement::pinned(i % 3) : placement::stealable();
        waiting.push_back(value_or_throw(own.handle().spawn(where, waits_for(token.child()))));
    }
    while (begun.load() < 30)
        std::this_thread::yield();
    for (const auto& each : waiting)
        EXPECT_FALSE(each.is_done());
    token.cancel();
    for (auto& each : waiting)
        EXPECT_TRUE(each.wait());
}

TEST(CancellationToken, YieldsAtOnceWhenItWasCancelled) {
    runtime own = with_shards(1);
    const cancellation_token token;
    token.cancel();
    EXPECT_TRUE(own.block_on(waits_for(token)));
}

TEST(CancellationToken, AStopOfTheTaskEndsTheWaitAndNotTheToken) {
    runtime own = with_shards(2);
    const cancellation_token token;
    begun = 0;
    auto waiting = value_or_throw(own.handle().spawn(placement::stealable(), waits_for(token)));
    while (begun.load() == 0)
        std::this_thread::yield();
    waiting.request_stop();
    EXPECT_FALSE(waiting.wait());
    EXPECT_FALSE(token.is_cancelled());
}

TEST(CancellationToken, ADeadlineEndsTheWait) {
    runtime own = with_shards(1);
    own.block_on([]() -> task<void> {
        const cancellation_token token;
        auto wait = [&]() -> task<result<void>> { co_return co_await token.cancelled(); };
        const auto ended = co_await timeout(1ms, wait());
        EXPECT_EQ(ended.error(), std::errc::timed_out);
    });
}

/// The token and the task's own stop at the same moment: one of them ends the wait, once.
TEST(CancellationToken, RacesWithAStop) {
    runtime own = with_shards(2);
    for (int round = 0; round < 500; ++round) {
        const cancellation_token token;
        auto waiting = value_or_throw(own.handle().spawn(placement::stealable(), waits_for(token)));
        std::jthread canceller([&] { token.cancel(); });
        waiting.request_stop();
        (void)waiting.wait();
    }
}

}  // namespace
}  // namespace spargio
