#include "spargio/runtime/call_on.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_all.hpp"

namespace spargio {
namespace {

using runtime_test::until_stopped;
using runtime_test::with_shards;

TEST(CallOn, RunsThereAndAnswersHere) {
    runtime own = with_shards(3);
    own.block_on([]() -> task<void> {
        for (unsigned shard : {2u, 0u, 1u}) {
            EXPECT_EQ(co_await call_on(shard, [] { return this_shard::id(); }), shard);
            EXPECT_EQ(this_shard::id(), 0u);
        }
    });
}

TEST(CallOn, AStealableTaskIsAnsweredWhereItAwaited) {
    runtime own = with_shards(2);
    auto both_ways = []() -> task<void> {
        for (unsigned round = 0; round < 1000; ++round)
            for (unsigned shard : {0u, 1u})
                EXPECT_EQ(co_await call_on(shard, [] { return this_shard::id(); }), shard);
    };
    auto first = value_or_throw(own.handle().spawn_stealable_on(0, both_ways));
    value_or_throw(own.handle().spawn_stealable_on(1, both_ways)).wait();
    first.wait();
}

TEST(CallOn, CarriesWhatCanOnlyBeMovedThereAndBack) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        auto text = std::make_unique<std::string>("there");
        auto call = [text = std::move(text)]() mutable {
            *text += " and back";
            return std::move(text);
        };
        const auto back = co_await call_on(1, std::move(call));
        EXPECT_EQ(**back, "there and back");
    });
}

TEST(CallOn, MayUseTheCallersFrame) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        std::vector<unsigned> seen;
        for (unsigned round = 0; round < 10; ++round)
            EXPECT_TRUE(co_await call_on(1, [&] { seen.push_back(this_shard::id()); }));
        EXPECT_EQ(seen, std::vector<unsigned>(10, 1));
    });
}

TEST(CallOn, RethrowsWhatWasThrownThereAndHere) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        for (unsigned shard : {0u, 1u}) {
            std::string caught;
            try {
                (void)co_await call_on(shard, []() -> int { throw std::runtime_error("no"); });
            } catch (const std::runtime_error& thrown) {
                caught = thrown.what();
            }
            EXPECT_EQ(caught, "no");
            EXPECT_EQ(this_shard::id(), 0u);
        }
    });
}

struct moves_badly {
    moves_badly() = default;
    moves_badly(moves_badly&&) { throw std::logic_error("moved"); }
};

/// The function does not throw; what hands its result over does.
TEST(CallOn, RethrowsWhatMovingTheResultThrows) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        for (unsigned target = 0; target != 2; ++target) {
            bool caught = false;
            try {
                (void)co_await call_on(target, []() noexcept { return moves_badly(); });
            } catch (const std::logic_error&) {
                caught = true;
            }
            EXPECT_TRUE(caught);
        }
    });
}

TEST(CallOn, AShardThatDoesNotExistIsAnErrorAndNothingIsCalled) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        bool called = false;
        EXPECT_EQ((co_await call_on(2, [&] { called = true; })).error(), errc::no_such_shard);
        EXPECT_FALSE(called);
    });
}

class CallBurst : public ::testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(CallOn, CallBurst, ::testing::Values(32, 10'000));

/// Many callers of one shard, all under way at once.
TEST_P(CallBurst, IsBegunInItsOrder) {
    runtime own = with_shards(2);
    own.block_on([many = GetParam()]() -> task<void> {
        std::vector<unsigned> begun;
        std::vector<task<void>> callers;
        for (unsigned caller = 0; caller < many; ++caller) {
            callers.push_back([](std::vector<unsigned>* order, unsigned number) -> task<void> {
                EXPECT_TRUE(co_await call_on(1, [=] { order->push_back(number); }));
            }(&begun, caller));
        }
        co_await when_all(std::move(callers));
        EXPECT_EQ(begun.size(), many);
        EXPECT_TRUE(std::is_sorted(begun.begin(), begun.end()));
    });
}

TEST(CallOn, ALoopOfCallsToTheOwnShardLetsOthersHaveTheirTurn) {
    runtime own = with_shards(1);
    own.block_on([]() -> task<void> {
        bool done = false;
        auto other = value_or_throw(this_shard::spawn([](bool* flag) -> task<void> {
            *flag = true;
            co_return;
        }(&done)));
        while (!done)
            EXPECT_TRUE(co_await call_on(0, [] {}));
        co_await std::move(other);
    });
}

TEST(CallOn, WakesAShardThatSleeps) {
    runtime own = runtime_test::built(runtime_builder().shards(2).spin_us(0));
    own.block_on([]() -> task<void> {
        const std::uint64_t before = this_runtime().stats(1).parks;
        while (this_runtime().stats(1).parks == before)
            EXPECT_EQ(co_await call_on(1, [] { return 7; }), 7);
    });
}

TEST(CallOn, AStopRequestBeforeTheCallMakesNoDifference) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        auto asked = value_or_throw(this_shard::spawn([]() -> task<unsigned> {
            EXPECT_TRUE(co_await until_stopped());
            const auto answer = co_await call_on(1, [] { return this_shard::id(); });
            co_return answer.value_or(99);
        }()));
        asked.request_stop();
        EXPECT_EQ(co_await std::move(asked), 1u);
    });
}

TEST(CallOn, AClosingRuntimeRefusesNewCallsAndFinishesThoseThatWereBegun) {
    std::atomic<bool> begun = false;
    std::atomic<bool> let_go = false;
    std::atomic<int> answer = 0;
    std::atomic<bool> refused = false;
    runtime own = with_shards(2);
    auto calling = value_or_throw(own.handle().spawn(placement::pinned(0), [&]() -> task<void> {
        const auto got = co_await call_on(1, [&] {
            begun = true;
            while (!let_go)
                std::this_thread::yield();
            return 42;
        });
        answer = got.value_or(-1);
        for (unsigned shard : {0u, 1u}) {
            bool called = false;
            const auto late = co_await call_on(shard, [&] { called = true; });
            refused = !late && late.error() == errc::shut_down && !called;
            if (!refused)
                co_return;
        }
    }));
    while (!begun)
        std::this_thread::yield();
    std::atomic<bool> asked = false;
    value_or_throw(own.handle().spawn(placement::pinned(0), [&]() -> task<void> {
        asked = co_await until_stopped();
    })).detach();
    std::jthread closing([&] { EXPECT_TRUE(own.shutdown_blocking().clean()); });
    // The intake is closed before anybody is asked to stop.
    while (!asked)
        std::this_thread::yield();
    let_go = true;
    calling.wait();
    closing.join();
    EXPECT_EQ(answer, 42);
    EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace spargio
