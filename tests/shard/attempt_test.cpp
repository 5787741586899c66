// Operations that are tried without the ring.

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <vector>

#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"
#include "stage.hpp"
#include "watched_kernel.hpp"

namespace spargio::shard_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;
using testing::simulated_options;

simulated_options attempts(unsigned percent) {
    return {.seed = 1, .attempt_percent = percent, .foreign_threads = false};
}

task<result<std::size_t>> receive(int descriptor, detail::attempt_history* history,
                                  std::size_t most = 1) {
    std::array<std::byte, 16> buffer;
    co_return co_await detail::await_operation<recv_operation>(
        detail::decode_count{}, history, descriptor, std::span(buffer).first(most));
}

task<void> receive_times(int descriptor, detail::attempt_history* history, int times) {
    while (times-- > 0)
        EXPECT_EQ(co_await receive(descriptor, history), 1u);
}

struct filled_stream {
    explicit filled_stream(simulated_kernel& kernel, std::size_t bytes) {
        const auto [one, other] = kernel.stream_pair();
        near = one;
        far = other;
        EXPECT_EQ(kernel.write(far, std::vector<std::byte>(bytes)), static_cast<int>(bytes));
    }
    int near = -1;
    int far = -1;
};

class Attempt : public ::testing::Test {
protected:
    void SetUp() override {
        if (features_disabled_by_environment().has(feature::attempt_first))
            GTEST_SKIP() << "attempt_first is forced off";
    }
};

TEST_F(Attempt, LoneOperationNeedsNoRing) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 10);
    stage here(kernel);
    detail::attempt_history history;
    here.run(receive_times(stream.near, &history, 10));
    EXPECT_EQ(kernel.requests(request_kind::recv), 0u);
    EXPECT_EQ(here->stats().attempts_succeeded, 10u);
    EXPECT_EQ(here->stats().completions, 0u);
}

/// A look at a socket that is known to be empty is one too many.
TEST_F(Attempt, InVainIsNotMadeAgainByTheKernel) {
    simulated_kernel kernel(attempts(100));
    watched_kernel watched(kernel);
    const auto [near, far] = kernel.stream_pair();
    stage here(watched);
    detail::attempt_history history;
    root<void> reader(*here, receive_times(near, &history, 2));
    here.add(reader);
    action writer([&] { EXPECT_EQ(kernel.write(far, std::vector<std::byte>(2)), 2); });
    here->post(writer);
    here.run();
    EXPECT_EQ(watched.receives.load(), watched.receives_waiting.load());
    EXPECT_GE(watched.receives.load(), 1);
}

TEST_F(Attempt, WithoutHistoryTheKernelTries) {
    simulated_kernel kernel(attempts(100));
    watched_kernel watched(kernel);
    const filled_stream stream(kernel, 3);
    stage here(watched);
    here.run(receive_times(stream.near, nullptr, 3));
    EXPECT_EQ(watched.receives.load(), 3);
    EXPECT_EQ(watched.receives_waiting.load(), 0);
}

TEST_F(Attempt, WithoutHistoryNothingIsTried) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 10);
    stage here(kernel);
    here.run(receive_times(stream.near, nullptr, 10));
    EXPECT_EQ(kernel.requests(request_kind::recv), 10u);
    EXPECT_EQ(here->stats().attempts_succeeded + here->stats().attempts_in_vain, 0u);
}

TEST_F(Attempt, NothingIsTriedWhileOthersAreReady) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 10);
    stage here(kernel);
    detail::attempt_history history;
    root<void> reader(*here, receive_times(stream.near, &history, 1));
    here.add(reader);
    action other([] {});
    here->post(other);
    here.run();
    EXPECT_EQ(here->stats().attempts_succeeded, 0u);
    EXPECT_EQ(kernel.requests(request_kind::recv), 1u);
}

TEST_F(Attempt, NothingIsTriedBehindARequestThatWaitsToBeSubmitted) {
    simulated_kernel kernel(attempts(100));
    const filled_stream first(kernel, 1);
    const filled_stream second(kernel, 1);
    stage here(kernel);
    detail::attempt_history history;
    root<result<std::size_t>> by_ring(*here, receive(first.near, nullptr));
    root<result<std::size_t>> by_attempt(*here, receive(second.near, &history));
    here.add(by_ring);
    here.add(by_attempt);
    here.run();
    EXPECT_EQ(here->stats().attempts_succeeded, 0u);
    EXPECT_EQ(kernel.requests(request_kind::recv), 2u);
}

TEST_F(Attempt, WhatWouldWaitGoesToTheRing) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 0);
    stage here(kernel);
    detail::attempt_history history;
    root<result<std::size_t>> reader(*here, receive(stream.near, &history));
    here.add(reader);
    alarm_clock write(*here, [&] { kernel.write(stream.far, std::array{std::byte{7}}); });
    write.set(kernel.now_ns() + 1'000'000);
    here.run();
    EXPECT_EQ(reader.take(), 1u);
    EXPECT_EQ(here->stats().attempts_in_vain, 1u);
    EXPECT_EQ(kernel.requests(request_kind::recv), 1u);
}

TEST_F(Attempt, ErrorsAreTheAnswerToo) {
    simulated_kernel kernel(attempts(100));
    stage here(kernel);
    detail::attempt_history history;
    EXPECT_EQ(here.run(receive(999, &history)).error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(here->stats().attempts_succeeded, 1u);
}

TEST_F(Attempt, HistoryMakesThemRareWhereTheyAreInVain) {
    simulated_kernel kernel(attempts(0));
    const filled_stream stream(kernel, 2'000);
    stage here(kernel);
    detail::attempt_history history;
    here.run(receive_times(stream.near, &history, 2'000));
    EXPECT_EQ(here->stats().attempts_succeeded, 0u);
    // After 0, 1, 3, ... 255 skipped, and from then on one of 256.
    EXPECT_GE(here->stats().attempts_in_vain, 9u);
    EXPECT_LE(here->stats().attempts_in_vain, 16u);
}

/// Awaits them itself, without a task for each that would count as a transfer too.
task<void> receive_in_one_frame(int descriptor, detail::attempt_history* history, int times) {
    std::array<std::byte, 1> buffer;
    while (times-- > 0) {
        const auto received = co_await detail::await_operation<recv_operation>(
            detail::decode_count{}, history, descriptor, std::span(buffer));
        EXPECT_EQ(received, 1u);
    }
}

/// A chain of attempts that all succeed is one resumption; what others posted waits for its end.
TEST_F(Attempt, ChainOfThemLetsOthersRun) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 1'000);
    stage here(kernel);
    detail::attempt_history history;
    root<void> reader(*here, receive_in_one_frame(stream.near, &history, 1'000));
    std::uint64_t tried_before = 0;
    action other([&] { tried_before = here->stats().attempts_succeeded; });
    reader.start();
    action post_other([&] { here->post(other); });
    here->defer(post_other);
    here->request_exit();
    here->run();
    EXPECT_TRUE(reader.done());
    EXPECT_GT(tried_before, 0u);
    EXPECT_LE(tried_before, 130u);
}

TEST_F(Attempt, SwitchedOffEverythingGoesThroughTheRing) {
    simulated_kernel kernel(attempts(100));
    const filled_stream stream(kernel, 100);
    auto options = small();
    options.ring.disabled.add(feature::attempt_first);
    stage here(kernel, options);
    detail::attempt_history history;
    here.run(receive_times(stream.near, &history, 100));
    EXPECT_EQ(here->stats().attempts_succeeded, 0u);
    EXPECT_EQ(here->stats().attempts_in_vain, 0u);
    EXPECT_EQ(kernel.requests(request_kind::recv), 100u);
}

}  // namespace
}  // namespace spargio::shard_test
