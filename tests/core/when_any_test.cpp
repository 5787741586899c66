#include "spargio/core/when_any.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "test_executor.hpp"

namespace spargio {
namespace {

using test::gate;
using test::root;
using test::run;
using test::test_executor;

task<int> number(int value) {
    co_return value;
}

task<> nothing() {
    co_return;
}

/// Ends when asked to stop, and leaves a trace.
task<int> stoppable(std::string& log, char name) {
    co_await test::until_stopped();
    log += name;
    co_return -1;
}

task<int> throwing() {
    throw std::runtime_error("thrown");
    co_return 0;
}

task<std::string> after(gate& wait) {
    co_await wait;
    co_return "waited";
}

TEST(WhenAny, YieldsTheValueAndIndexOfTheFirstToEnd) {
    test_executor executor;
    gate never_first, first;
    auto body = [&]() -> task<> {
        auto winner = co_await when_any(after(never_first), after(first), nothing());
        EXPECT_EQ(winner.index(), 2U);
    };
    root<void> started(executor, body());
    executor.run();
    never_first.open();
    first.open();
    executor.run();
    EXPECT_TRUE(started.done());
    EXPECT_NO_THROW(started.take());
}

TEST(WhenAny, VoidYieldsAMonostate) {
    auto body = []() -> task<> {
        auto winner = co_await when_any(nothing(), number(1));
        static_assert(std::same_as<decltype(winner), std::variant<std::monostate, int>>);
        EXPECT_EQ(winner.index(), 0U);
    };
    run(body());
}

TEST(WhenAny, YieldsAMoveOnlyValue) {
    auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto body = [&]() -> task<int> {
        auto winner = co_await when_any(owner());
        co_return *std::get<0>(winner);
    };
    EXPECT_EQ(run(body()), 7);
}

TEST(WhenAny, LosersAreAskedToStopAndAwaited) {
    test_executor executor;
    gate first;
    std::string log;
    auto body = [&]() -> task<> {
        auto winner = co_await when_any(stoppable(log, 'a'), after(first), stoppable(log, 'b'));
        EXPECT_EQ(winner.index(), 1U);
        log += '!';
    };
    root<void> started(executor, body());
    executor.run();
    EXPECT_EQ(log, "");
    first.open();
    executor.run();
    EXPECT_TRUE(started.done());
    EXPECT_EQ(log, "ba!");
}

TEST(WhenAny, LoserThatIgnoresTheStopHoldsTheResultBack) {
    test_executor executor;
    gate slow;
    auto body = [&]() -> task<std::size_t> {
        auto winner = co_await when_any(number(1), after(slow));
        co_return winner.index();
    };
    root<std::size_t> started(executor, body());
    executor.run();
    EXPECT_FALSE(started.done());
    slow.open();
    executor.run();
    EXPECT_EQ(started.take(), 0U);
}

TEST(WhenAny, LoserThatStartsAfterTheWinnerEndedIsAlreadyAskedToStop) {
    auto asked = [](bool& out) -> task<> {
        stop_token token = co_await test::current_token();
        out = token.stop_requested();
    };
    bool first = true, second = false;
    auto body = [&]() -> task<> { co_await when_any(asked(first), asked(second)); };
    run(body());
    EXPECT_FALSE(first);
    EXPECT_TRUE(second);
}

TEST(WhenAny, LosersDoNotStopTheParent) {
    auto body = []() -> task<bool> {
        co_await when_any(number(1), number(2));
        stop_token token = co_await test::current_token();
        co_return token.stop_requested();
    };
    EXPECT_FALSE(run(body()));
}

TEST(WhenAny, RethrowsWhatTheFirstThrew) {
    std::string log;
    auto body = [&]() -> task<> { co_await when_any(stoppable(log, 'a'), throwing()); };
    EXPECT_THROW(run(body()), std::runtime_error);
    EXPECT_EQ(log, "a");
}

TEST(WhenAny, DropsWhatALoserThrows) {
    auto body = []() -> task<int> {
        auto winner = co_await when_any(number(1), throwing());
        co_return std::get<0>(winner);
    };
    EXPECT_EQ(run(body()), 1);
}

TEST(WhenAny, StopOfTheParentReachesAllChildren) {
    test_executor executor;
    std::string log;
    auto body = [&]() -> task<> { co_await when_any(stoppable(log, 'a'), stoppable(log, 'b')); };
    root<void> started(executor, body());
    executor.run();
    EXPECT_EQ(log, "");
    started.request_stop();
    executor.run();
    EXPECT_TRUE(started.done());
    EXPECT_EQ(log, "ba");
}

TEST(WhenAny, ParentThatIsStoppedAlreadyStopsTheChildrenAtOnce) {
    std::string log;
    auto body = [&]() -> task<> {
        co_await test::until_stopped();
        co_await when_any(stoppable(log, 'a'), stoppable(log, 'b'));
    };
    test_executor executor;
    root<void> started(executor, body());
    executor.run();
    started.request_stop();
    executor.run();
    EXPECT_TRUE(started.done());
    EXPECT_EQ(log, "ab");
}

TEST(WhenAny, LeavesNoRegistrationWithTheParent) {
    // The root's source asserts that no callback is left when it dies.
    auto body = []() -> task<> {
        for (int i = 0; i < 3; ++i)
            co_await when_any(number(1), number(2));
    };
    run(body());
}

TEST(WhenAny, NestsInWhenAll) {
    test_executor executor;
    gate first;
    std::string log;
    auto race = [&]() -> task<std::size_t> {
        auto winner = co_await when_any(stoppable(log, 'a'), after(first));
        co_return winner.index();
    };
    auto body = [&]() -> task<std::size_t> {
        auto [index, value] = co_await when_all(race(), number(10));
        co_return index + static_cast<std::size_t>(value);
    };
    root<std::size_t> started(executor, body());
    executor.run();
    first.open();
    executor.run();
    EXPECT_EQ(started.take(), 11U);
    EXPECT_EQ(log, "a");
}

TEST(WhenAnyVector, YieldsTheIndexAndTheValue) {
    test_executor executor;
    std::vector<gate> gates(3);
    auto body = [&]() -> task<std::size_t> {
        std::vector<task<std::string>> children;
        for (gate& each : gates)
            children.push_back(after(each));
        auto first = co_await when_any(std::move(children));
        EXPECT_EQ(first.value, "waited");
        co_return first.index;
    };
    root<std::size_t> started(executor, body());
    executor.run();
    for (std::size_t i : {std::size_t{1}, std::size_t{0}, std::size_t{2}})
        gates[i].open();
    executor.run();
    EXPECT_EQ(started.take(), 1U);
}

TEST(WhenAnyVector, OfVoidYieldsTheIndex) {
    auto body = []() -> task<std::size_t> {
        std::vector<task<>> children;
        children.push_back(nothing());
        auto first = co_await when_any(std::move(children));
        co_return first.index;
    };
    EXPECT_EQ(run(body()), 0U);
}

TEST(WhenAnyVector, RethrowsAndStopsTheLosers) {
    std::string log;
    auto body = [&]() -> task<> {
        std::vector<task<int>> children;
        children.push_back(stoppable(log, 'a'));
        children.push_back(throwing());
        children.push_back(stoppable(log, 'b'));
        co_await when_any(std::move(children));
    };
    EXPECT_THROW(run(body()), std::runtime_error);
    EXPECT_EQ(log, "ab");
}

TEST(WhenAnyThreads, ChildrenAndTheParentsStopRaceToEndIt) {
    test_executor executor;
    test::test_thread one, other;  // they post to the executor, and so end before it
    auto child = [](test_executor& there, int value) -> task<int> {
        co_await test::move_to{there};
        co_return value;
    };
    auto body = [&](test_executor& home) -> task<int> {
        auto winner = co_await when_any(child(one.executor, 1), child(other.executor, 1));
        co_await test::move_to{home};
        co_return std::visit([](int value) { return value; }, winner);
    };
    for (int round = 0; round < 500; ++round) {
        root<int> started(executor, body(executor));
        std::jthread stopper([&] { started.request_stop(); });
        while (!started.done())
            executor.run();
        EXPECT_EQ(started.take(), 1);
        stopper.join();
    }
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(WhenAnyDeathTest, NeedsATask) {
    EXPECT_DEATH(static_cast<void>(when_any(std::vector<task<int>>())), "assertion failed");
}
#endif

}  // namespace
}  // namespace spargio
