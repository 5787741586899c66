#include "spargio/core/when_all.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

task<int> throwing(std::string what) {
    throw std::runtime_error(what);
    co_return 0;
}

task<int> number_after(gate& wait, int value) {
    co_await wait;
    co_return value;
}

TEST(WhenAll, YieldsAllValuesInArgumentOrder) {
    auto body = []() -> task<> {
        auto [a, b, c] = co_await when_all(number(1), number(2), number(3));
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, 2);
        EXPECT_EQ(c, 3);
    };
    run(body());
}

TEST(WhenAll, VoidYieldsAMonostate) {
    auto body = []() -> task<> {
        auto values = co_await when_all(nothing(), number(2));
        static_assert(std::same_as<decltype(values), std::tuple<std::monostate, int>>);
        EXPECT_EQ(std::get<1>(values), 2);
    };
    run(body());
}

TEST(WhenAll, YieldsMoveOnlyValuesAndReferences) {
    int object = 1;
    auto owner = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto same = [](int& it) -> task<int&> { co_return it; };
    auto body = [&]() -> task<> {
        auto [owned, reference] = co_await when_all(owner(), same(object));
        EXPECT_EQ(*owned, 7);
        EXPECT_EQ(&reference, &object);
    };
    run(body());
}

TEST(WhenAll, OfNothingIsReady) {
    auto body = []() -> task<> {
        const std::tuple<> values = co_await when_all();
        (void)values;
    };
    run(body());
}

TEST(WhenAll, StartsChildrenInOrderBeforeAnyEnds) {
    test_executor executor;
    gate first, second;
    std::string log;
    auto child = [](gate& wait, std::string& out, char name) -> task<> {
        out += name;
        co_await wait;
        out += static_cast<char>(name - 'a' + 'A');
    };
    auto body = [&]() -> task<> {
        co_await when_all(child(first, log, 'a'), child(second, log, 'b'));
    };
    root<void> started(executor, body());
    executor.run();
    EXPECT_EQ(log, "ab");
    second.open();
    executor.run();
    EXPECT_EQ(log, "abB");
    EXPECT_FALSE(started.done());
    first.open();
    executor.run();
    EXPECT_EQ(log, "abBA");
    EXPECT_TRUE(started.done());
}

TEST(WhenAll, WaitsForTheOthersWhenOneThrows) {
    test_executor executor;
    gate wait;
    auto body = [&]() -> task<int> {
        auto [a, b] = co_await when_all(throwing("first"), number_after(wait, 1));
        co_return a + b;
    };
    root<int> started(executor, body());
    executor.run();
    EXPECT_FALSE(started.done());
    wait.open();
    executor.run();
    ASSERT_TRUE(started.done());
    EXPECT_THROW(started.take(), std::runtime_error);
}

TEST(WhenAll, RethrowsTheFirstInArgumentOrderNotInTime) {
    test_executor executor;
    gate wait;
    auto late = [](gate& until) -> task<int> {
        co_await until;
        throw std::runtime_error("late");
    };
    auto body = [&]() -> task<std::string> {
        try {
            co_await when_all(late(wait), throwing("early"));
        } catch (const std::runtime_error& thrown) {
            co_return thrown.what();
        }
        co_return "nothing";
    };
    root<std::string> started(executor, body());
    executor.run();
    wait.open();
    executor.run();
    EXPECT_EQ(started.take(), "late");
}

TEST(WhenAll, ChildrenInheritTheParentsEnvironment) {
    auto child = []() -> task<detail::task_env*> { co_return co_await test::current_env(); };
    auto body = [&]() -> task<> {
        detail::task_env* mine = co_await test::current_env();
        auto [a, b] = co_await when_all(child(), child());
        EXPECT_EQ(a, mine);
        EXPECT_EQ(b, mine);
    };
    run(body());
}

TEST(WhenAll, StopRequestReachesEveryChild) {
    test_executor executor;
    auto child = []() -> task<> { co_await test::until_stopped(); };
    auto body = [&]() -> task<> { co_await when_all(child(), child(), child()); };
    root<void> started(executor, body());
    executor.run();
    EXPECT_FALSE(started.done());
    started.request_stop();
    executor.run();
    EXPECT_TRUE(started.done());
}

TEST(WhenAll, NeverAwaitedFreesItsChildren) {
    auto watched = std::make_shared<int>(1);
    auto child = [](std::shared_ptr<int>) -> task<> { co_return; };
    { [[maybe_unused]] auto dropped = when_all(child(watched), child(watched)); }
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(WhenAllVector, YieldsValuesInTheirOrder) {
    test_executor executor;
    std::vector<gate> gates(3);
    auto body = [&]() -> task<std::vector<int>> {
        std::vector<task<int>> children;
        for (int i = 0; i < 3; ++i)
            children.push_back(number_after(gates[static_cast<std::size_t>(i)], i));
        co_return co_await when_all(std::move(children));
    };
    root<std::vector<int>> started(executor, body());
    executor.run();
    for (std::size_t i : {std::size_t{1}, std::size_t{2}, std::size_t{0}})
        gates[i].open();
    executor.run();
    EXPECT_EQ(started.take(), (std::vector<int>{0, 1, 2}));
}

TEST(WhenAllVector, EmptyOneIsReady) {
    auto body = []() -> task<std::size_t> {
        auto values = co_await when_all(std::vector<task<int>>());
        co_await when_all(std::vector<task<>>());
        co_return values.size();
    };
    EXPECT_EQ(run(body()), 0U);
}

TEST(WhenAllVector, OfVoidYieldsNothingAndRethrows) {
    auto thrower = []() -> task<> {
        throw std::runtime_error("thrown");
        co_return;
    };
    auto body = [&]() -> task<> {
        std::vector<task<>> children;
        children.push_back(nothing());
        children.push_back(thrower());
        co_await when_all(std::move(children));
    };
    EXPECT_THROW(run(body()), std::runtime_error);
}

TEST(WhenAllVector, ChildrenBeyondTheSharePerResumeStartInOrderToo) {
    std::vector<int> order;
    auto child = [](std::vector<int>& out, int number) -> task<> {
        out.push_back(number);
        co_return;
    };
    auto body = [&]() -> task<> {
        std::vector<task<>> children;
        for (int i = 0; i < 3 * detail::transfers_per_resume; ++i)
            children.push_back(child(order, i));
        co_await when_all(std::move(children));
    };
    run(body());
    ASSERT_EQ(order.size(), static_cast<std::size_t>(3 * detail::transfers_per_resume));
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(WhenAllThreads, ChildrenMayEndOnDifferentThreads) {
    test_executor executor;
    test::test_thread one, other;  // they post to the executor, and so end before it
    auto child = [](test_executor& there, int value) -> task<int> {
        co_await test::move_to{there};
        co_return value;
    };
    auto body = [&](test_executor& home) -> task<int> {
        int sum = 0;
        for (int round = 0; round < 2000; ++round) {
            auto [a, b, c] =
                co_await when_all(child(one.executor, 1), number(1), child(other.executor, 1));
            sum += a + b + c;
        }
        co_await test::move_to{home};
        co_return sum;
    };
    root<int> started(executor, body(executor));
    while (!started.done()) {
        // The others may need this CPU, and under a real-time policy get it by a yield alone.
        if (executor.run() == 0)
            std::this_thread::yield();
    }
    EXPECT_EQ(started.take(), 6000);
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(WhenAllDeathTest, TakesNoTaskThatRanAlready) {
    auto body = []() -> task<> {
        task<int> child = number(1);
        co_await std::move(child);
        co_await when_all(std::move(child));
    };
    EXPECT_DEATH(run(body()), "assertion failed");
}
#endif

}  // namespace
}  // namespace spargio
