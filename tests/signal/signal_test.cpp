// Signals go to whole processes, so each test has a child of its own.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "companions/signal/ctrl_c.hpp"
#include "companions/signal/signal_stream.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/timeout.hpp"

#ifdef __has_feature
#define SPARGIO_TEST_CHECKS_TYPES __has_feature(undefined_behavior_sanitizer)
#else
#define SPARGIO_TEST_CHECKS_TYPES 0
#endif

namespace spargio::signal {
namespace {

class Signals : public ::testing::Test {
protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

/// Ends this process with 0 if `body` fails no expectation; what failed is said on standard error.
[[noreturn]] void run_child(void (*body)()) {
    body();
    const auto& result = *::testing::UnitTest::GetInstance()->current_test_info()->result();
    for (int i = 0; i < result.total_part_count(); ++i)
        std::fprintf(stderr, "%s\n", result.GetTestPartResult(i).message());
    std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
}
#define EXPECT_CHILD_SUCCEEDS(body) EXPECT_EXIT(run_child(body), ::testing::ExitedWithCode(0), "")

runtime_builder blocking(std::vector<int> numbers, unsigned shards = 2) {
    return runtime_builder().shards(shards).block_signals(std::move(numbers));
}

task<result<int>> next_of(signal_stream& stream) {
    return stream.next();
}

task<void> send(int number) {
    co_await yield();  // who waits, waits now
    ::kill(::getpid(), number);
}

void ctrl_c_yields_both_requests_to_end() {
    run_with(blocking({SIGINT, SIGTERM}), []() -> task<void> {
        for (const int number : {SIGINT, SIGTERM, SIGINT}) {
            const auto [seen, sent] = co_await when_all(ctrl_c(), send(number));
            EXPECT_EQ(value_or_throw(result<int>(seen)), number);
        }
    });
}

TEST_F(Signals, CtrlCYieldsBothRequestsToEnd) {
    EXPECT_CHILD_SUCCEEDS(ctrl_c_yields_both_requests_to_end);
}

void a_signal_that_came_before_is_not_lost() {
    run_with(blocking({SIGINT, SIGTERM}), []() -> task<void> {
        ::kill(::getpid(), SIGTERM);
        EXPECT_EQ(value_or_throw(co_await ctrl_c()), SIGTERM);
    });
}

TEST_F(Signals, ASignalThatCameBeforeIsNotLost) {
    EXPECT_CHILD_SUCCEEDS(a_signal_that_came_before_is_not_lost);
}

void several_signals_come_out_of_one_stream() {
    run_with(blocking({SIGUSR1, SIGUSR2, SIGHUP}), []() -> task<void> {
        auto stream = value_or_throw(signal_stream::open({SIGUSR1, SIGUSR2, SIGHUP}));
        ::kill(::getpid(), SIGUSR1);
        ::kill(::getpid(), SIGUSR2);
        EXPECT_EQ(value_or_throw(co_await stream.next()) + value_or_throw(co_await stream.next()),
                  SIGUSR1 + SIGUSR2);
        ::kill(::getpid(), SIGHUP);
        EXPECT_EQ(value_or_throw(co_await stream.next()), SIGHUP);
        // A stream may move to another shard between two signals.
        auto elsewhere = value_or_throw(
            this_runtime().spawn(placement::pinned(1), [](signal_stream moved) -> task<int> {
                co_return value_or_throw(co_await moved.next());
            }(std::move(stream))));
        ::kill(::getpid(), SIGUSR1);
        EXPECT_EQ(co_await std::move(elsewhere), SIGUSR1);
    });
}

TEST_F(Signals, SeveralComeOutOfOneStream) {
    EXPECT_CHILD_SUCCEEDS(several_signals_come_out_of_one_stream);
}

void each_arrival_reaches_one_of_two_streams() {
    run_with(blocking({SIGUSR1}), []() -> task<void> {
        auto one = value_or_throw(signal_stream::open({SIGUSR1}));
        auto other = value_or_throw(signal_stream::open({SIGUSR1}));
        // Sent again only after the one before was taken: equal signals that wait merge.
        auto first = value_or_throw(this_shard::spawn(next_of(one)));
        auto second = value_or_throw(this_runtime().spawn(placement::pinned(1), next_of(other)));
        ::kill(::getpid(), SIGUSR1);
        while (!first.is_done() && !second.is_done())
            co_await yield();
        ::kill(::getpid(), SIGUSR1);
        EXPECT_EQ(value_or_throw(co_await std::move(first)), SIGUSR1);
        EXPECT_EQ(value_or_throw(co_await std::move(second)), SIGUSR1);
    });
}

TEST_F(Signals, EachArrivalReachesOneOfTwoStreams) {
    EXPECT_CHILD_SUCCEEDS(each_arrival_reaches_one_of_two_streams);
}

void signals_that_are_not_blocked_are_refused() {
    run_with(runtime_builder().shards(1), []() -> task<void> {
        const auto refused = co_await ctrl_c();
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error(), errc::signals_not_blocked);
    });
    // One of two is not enough, and neither is all threads but one.
    run_with(blocking({SIGINT}), []() -> task<void> {
        EXPECT_EQ((co_await ctrl_c()).error(), errc::signals_not_blocked);
        EXPECT_TRUE(signal_stream::open({SIGINT}));
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        EXPECT_EQ(signal_stream::open({SIGINT}).error(), errc::signals_not_blocked);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        EXPECT_TRUE(signal_stream::open({SIGINT}));
    });
}

TEST_F(Signals, NotBlockedIsRefused) {
    EXPECT_CHILD_SUCCEEDS(signals_that_are_not_blocked_are_refused);
}

void numbers_that_are_no_signals_are_refused() {
    for (const int number : {0, -1, 65, 1000, SIGRTMIN - 1}) {
        const auto refused = signal_stream::open({number});
        EXPECT_FALSE(refused) << number;
        EXPECT_EQ(refused.error(), std::errc::invalid_argument) << number;
    }
    for (const int number : {SIGKILL, SIGSTOP})
        EXPECT_EQ(signal_stream::open({number}).error(), errc::signals_not_blocked);
}

TEST_F(Signals, NumbersThatAreNoSignalsAreRefused) {
    EXPECT_CHILD_SUCCEEDS(numbers_that_are_no_signals_are_refused);
}

void a_cancelled_wait_takes_no_signal() {
    run_with(blocking({SIGINT, SIGTERM}), []() -> task<void> {
        auto waiting = value_or_throw(this_shard::spawn(ctrl_c()));
        co_await yield();
        waiting.request_stop();
        EXPECT_EQ((co_await std::move(waiting)).error(), std::errc::operation_canceled);
        const auto late = co_await timeout(std::chrono::milliseconds(1), ctrl_c());
        EXPECT_EQ(late.error(), std::errc::timed_out);
        const auto first = co_await when_any(ctrl_c(), []() -> task<void> { co_return; }());
        EXPECT_EQ(first.index(), 1u);
        ::kill(::getpid(), SIGINT);
        EXPECT_EQ(value_or_throw(co_await ctrl_c()), SIGINT);
    });
}

TEST_F(Signals, ACancelledWaitTakesNoSignal) {
    EXPECT_CHILD_SUCCEEDS(a_cancelled_wait_takes_no_signal);
}

void descriptors_end_with_their_streams() {
    run_with(blocking({SIGINT, SIGTERM}), []() -> task<void> {
        const int before = ::dup(0);
        ::close(before);
        for (int i = 0; i < 50; ++i) {
            auto waiting = value_or_throw(this_shard::spawn(ctrl_c()));
            co_await yield();
            waiting.request_stop();
            EXPECT_FALSE(co_await std::move(waiting));
        }
        const int after = ::dup(0);
        ::close(after);
        EXPECT_EQ(after, before);
    });
}

TEST_F(Signals, DescriptorsEndWithTheirStreams) {
    EXPECT_CHILD_SUCCEEDS(descriptors_end_with_their_streams);
}

void who_cannot_look_at_the_threads_is_told_so() {
    run_with(runtime_builder().shards(1), []() -> task<void> {
        const int lowest_free = ::dup(0);
        ::close(lowest_free);
        // None for the list of threads; one for that, and none for a thread.
        for (const unsigned room : {0u, 1u}) {
            const ::rlimit limit{static_cast<::rlim_t>(lowest_free) + room, 1 << 14};
            EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
            const auto opened = signal_stream::open({SIGUSR1});
            EXPECT_TRUE(!opened && opened.error() == std::errc::too_many_files_open) << room;
        }
        co_return;
    });
}

TEST_F(Signals, WhoCannotLookAtTheThreadsIsToldSo) {
    if (SPARGIO_TEST_CHECKS_TYPES)
        GTEST_SKIP() << "this sanitizer looks at objects through a pipe of its own";
    EXPECT_CHILD_SUCCEEDS(who_cannot_look_at_the_threads_is_told_so);
}

}  // namespace
}  // namespace spargio::signal
