#include "spargio/core/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "spargio/core/result.hpp"
#include "test_executor.hpp"

namespace spargio {
namespace {

using test::gate;
using test::root;
using test::run;
using test::test_executor;

static_assert(!std::copy_constructible<task<int>> && !std::is_copy_assignable_v<task<int>>);
static_assert(std::is_nothrow_move_constructible_v<task<int>>);
static_assert(std::is_nothrow_move_assignable_v<task<int>>);

task<> set(bool& flag) {
    flag = true;
    co_return;
}

task<int> number(int value) {
    co_return value;
}

template <class T>
task<T> throwing() {
    throw std::runtime_error("thrown");
    co_await std::suspend_never();  // makes it a coroutine
}

// --- laziness and ownership -------------------------------------------------------------------

TEST(Task, RunsNothingBeforeItIsAwaited) {
    bool ran = false;
    {
        task<> lazy = set(ran);
        EXPECT_FALSE(ran);
    }
    EXPECT_FALSE(ran);
}

TEST(Task, RunsWhenAwaited) {
    bool ran = false;
    auto body = [](bool& flag) -> task<> { co_await set(flag); };
    run(body(ran));
    EXPECT_TRUE(ran);
}

TEST(Task, NeverStartedFreesItsFrameAndParameters) {
    auto watched = std::make_shared<int>(1);
    auto body = [](std::shared_ptr<int>) -> task<> { co_return; };
    {
        task<> never_started = body(watched);
        EXPECT_EQ(watched.use_count(), 2);
    }
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(Task, IsInvalidAfterAMove) {
    task<int> from = number(1);
    EXPECT_TRUE(from.valid());
    task<int> to = std::move(from);
    EXPECT_FALSE(from.valid());
    EXPECT_TRUE(to.valid());
}

TEST(Task, MoveAssignmentFreesTheOldFrame) {
    auto watched = std::make_shared<int>(1);
    auto body = [](std::shared_ptr<int>) -> task<> { co_return; };
    task<> kept = body(watched);
    kept = body(nullptr);
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(Task, MoveAssignmentToItselfKeepsTheFrame) {
    task<int> kept = number(5);
    task<int>& same = kept;
    kept = std::move(same);
    ASSERT_TRUE(kept.valid());
    EXPECT_EQ(run(std::move(kept)), 5);
}

TEST(Task, LocalsDieBeforeTheAwaiterGoesOn) {
    auto child = [](std::shared_ptr<int> held) -> task<> {
        const auto local = held;
        co_return;
    };
    auto watched = std::make_shared<int>(1);
    auto body = [&]() -> task<> {
        co_await child(watched);
        EXPECT_EQ(watched.use_count(), 1);
    };
    run(body());
}

// --- values -----------------------------------------------------------------------------------

TEST(Task, YieldsAValue) {
    auto body = []() -> task<int> { co_return co_await number(1) + co_await number(2); };
    EXPECT_EQ(run(body()), 3);
}

TEST(Task, YieldsAMoveOnlyValue) {
    auto child = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto body = [&]() -> task<int> {
        std::unique_ptr<int> value = co_await child();
        co_return *value;
    };
    EXPECT_EQ(run(body()), 7);
}

TEST(Task, YieldsAReferenceToTheVeryObject) {
    int object = 1;
    auto child = [](int& same) -> task<int&> { co_return same; };
    auto body = [&]() -> task<> {
        int& got = co_await child(object);
        got = 2;
    };
    run(body());
    EXPECT_EQ(object, 2);
}

TEST(Task, YieldsAnRvalueReference) {
    std::string object = "a string that is too long for the small buffer";
    auto child = [](std::string& from) -> task<std::string&&> { co_return std::move(from); };
    auto body = [&]() -> task<std::string> { co_return co_await child(object); };
    EXPECT_EQ(run(body()).size(), 46U);
    EXPECT_TRUE(object.empty());
}

TEST(Task, YieldsABaseReferenceFromADerivedObject) {
    struct base {
        int first = 1;
    };
    struct derived : base {
        int second = 2;
    };
    derived object;
    auto child = [](derived& same) -> task<base&> { co_return same; };
    auto body = [&]() -> task<base*> { co_return &co_await child(object); };
    EXPECT_EQ(run(body()), &object);
}

TEST(Task, YieldsATypeWithoutADefaultConstructor) {
    struct needs_a_value {
        explicit needs_a_value(int v) : value(v) {}
        int value;
    };
    auto body = []() -> task<needs_a_value> { co_return needs_a_value(4); };
    EXPECT_EQ(run(body()).value, 4);
}

TEST(Task, BracesBuildTheValue) {
    auto body = []() -> task<std::pair<int, std::string>> { co_return {1, "one"}; };
    EXPECT_EQ(run(body()), std::pair(1, std::string("one")));
}

TEST(Task, YieldsAResultOfEitherKind) {
    auto child = [](bool good) -> task<result<int>> {
        if (!good)
            co_return failure(errc::overloaded);
        co_return 1;
    };
    EXPECT_EQ(run(child(true)), 1);
    EXPECT_EQ(run(child(false)).error(), errc::overloaded);
}

TEST(Task, YieldsAResultOfWhatIsComparableWithNull) {
    auto body = []() -> task<result<std::shared_ptr<int>>> { co_return std::make_shared<int>(7); };
    EXPECT_EQ(**run(body()), 7);
}

TEST(Task, ValueNobodyTakesIsDestroyed) {
    auto watched = std::make_shared<int>(1);
    auto child = [](std::shared_ptr<int> value) -> task<std::shared_ptr<int>> { co_return value; };
    {
        test_executor executor;
        root<std::shared_ptr<int>> started(executor, child(watched));
        executor.run();
        ASSERT_TRUE(started.done());
        EXPECT_EQ(watched.use_count(), 2);
    }
    EXPECT_EQ(watched.use_count(), 1);
}

// --- exceptions -------------------------------------------------------------------------------

TEST(Task, RethrowsWhereItIsAwaited) {
    auto body = []() -> task<std::string> {
        try {
            co_await throwing<int>();
        } catch (const std::runtime_error& thrown) {
            co_return thrown.what();
        }
        co_return "nothing";
    };
    EXPECT_EQ(run(body()), "thrown");
}

TEST(Task, OfVoidAndOfReferenceRethrowToo) {
    EXPECT_THROW(run(throwing<void>()), std::runtime_error);
    EXPECT_THROW(run(throwing<int&>()), std::runtime_error);
}

TEST(Task, ExceptionPassesThroughAwaitersThatDoNotCatch) {
    auto middle = []() -> task<int> { co_return co_await throwing<int>() + 1; };
    auto body = [&]() -> task<int> { co_return co_await middle() + 1; };
    EXPECT_THROW(run(body()), std::runtime_error);
}

TEST(Task, ExceptionNobodyTakesIsDestroyed) {
    auto watched = std::make_shared<int>(1);
    auto child = [](std::shared_ptr<int> value) -> task<int> {
        throw value;
        co_return 1;
    };
    {
        test_executor executor;
        root<int> started(executor, child(watched));
        executor.run();
        ASSERT_TRUE(started.done());
        EXPECT_GE(watched.use_count(), 2);
    }
    EXPECT_EQ(watched.use_count(), 1);
}

TEST(Task, ExceptionOfALocalsDestructorReplacesTheValue) {
    struct throws_at_the_end {
        ~throws_at_the_end() noexcept(false) { throw std::runtime_error("from a destructor"); }
    };
    auto watched = std::make_shared<int>(1);
    auto child = [](const std::shared_ptr<int>& value) -> task<std::shared_ptr<int>> {
        throws_at_the_end local;
        co_return value;
    };
    EXPECT_THROW(run(child(watched)), std::runtime_error);
    EXPECT_EQ(watched.use_count(), 1) << "the value must not leak";
}

TEST(Task, ChildThatThrewCanBeFollowedByAnother) {
    auto body = []() -> task<int> {
        int caught = 0;
        for (int i = 0; i < 3; ++i) {
            try {
                co_await throwing<void>();
            } catch (const std::runtime_error&) {
                ++caught;
            }
        }
        co_return caught + co_await number(10);
    };
    EXPECT_EQ(run(body()), 13);
}

// --- what a coroutine inherits ----------------------------------------------------------------

TEST(Task, InheritsTheEnvironmentOfItsAwaiter) {
    auto child = []() -> task<detail::task_env*> { co_return co_await test::current_env(); };
    auto body = [&]() -> task<> {
        detail::task_env* mine = co_await test::current_env();
        EXPECT_NE(mine, nullptr);
        EXPECT_EQ(mine, co_await child());
    };
    run(body());
}

TEST(Task, SeesTheStopRequestOfItsRoot) {
    test_executor executor;
    gate opened;
    auto child = [](gate& wait) -> task<bool> {
        stop_token token = co_await test::current_token();
        EXPECT_FALSE(token.stop_requested());
        co_await wait;
        co_return token.stop_requested();
    };
    auto body = [&]() -> task<bool> { co_return co_await child(opened); };
    root<bool> started(executor, body());
    executor.run();
    started.request_stop();
    opened.open();
    executor.run();
    EXPECT_TRUE(started.take());
}

// --- suspension -------------------------------------------------------------------------------

TEST(Task, WakesThroughTheQueueOfItsHome) {
    test_executor executor;
    gate opened;
    auto body = [](gate& wait) -> task<> { co_await wait; };
    root<void> started(executor, body(opened));
    executor.run();
    ASSERT_TRUE(opened.has_waiter());
    opened.open();
    EXPECT_FALSE(started.done()) << "waking queues; it resumes nothing";
    executor.run();
    EXPECT_TRUE(started.done());
}

TEST(Task, WokenFromAnotherThreadRunsAtHome) {
    test_executor executor;
    gate opened;
    std::thread::id resumed_on;
    auto body = [](gate& wait, std::thread::id& id) -> task<> {
        co_await wait;
        id = std::this_thread::get_id();
    };
    root<void> started(executor, body(opened, resumed_on));
    executor.run();
    std::jthread([&] { opened.open(); }).join();
    executor.run();
    EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(Task, FindsTheThreadItWokeOnAfterAMove) {
    test_executor executor;
    test::test_thread other;  // it posts to the executor, and so ends before it
    auto body = [](test_executor& here, test_executor& there) -> task<bool> {
        detail::thread_state* before = &detail::this_thread();
        detail::executor* executor_before = detail::current_executor();
        co_await test::move_to{there};
        const bool moved = &detail::this_thread() != before &&
                           detail::current_executor() == &there && executor_before == &here;
        co_await test::move_to{here};
        co_return moved&&& detail::this_thread() == before&& detail::current_executor() ==
            executor_before;
    };
    root<bool> started(executor, body(executor, other.executor));
    while (!started.done())
        executor.run();
    EXPECT_TRUE(started.take());
}

#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
TEST(TaskDeathTest, CannotBeAwaitedTwice) {
    auto body = []() -> task<> {
        task<int> child = number(1);
        co_await std::move(child);
        co_await std::move(child);
    };
    EXPECT_DEATH(run(body()), "assertion failed");
}

TEST(TaskDeathTest, CannotBeAwaitedAfterAMove) {
    auto body = []() -> task<> {
        task<int> child = number(1);
        task<int> taken = std::move(child);
        co_await std::move(child);
    };
    EXPECT_DEATH(run(body()), "assertion failed");
}
#endif

}  // namespace
}  // namespace spargio
