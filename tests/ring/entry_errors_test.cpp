// What io_uring_enter may answer instead of doing what it was asked.

#include <array>
#include <cerrno>
#include <deque>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/outside_bell.hpp"

namespace spargio::ring_test {
namespace {

using testing::fault_plan;
using testing::simulated_kernel;

struct entry_answer {
    const char* name;
    int answer;
};

class EntryErrors : public ::testing::TestWithParam<entry_answer> {};

TEST_P(EntryErrors, RequestsStayUntilTheyAreTaken) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    std::deque<awaited<nop_operation>> nops(10);
    for (auto& nop : nops)
        ring->submit(nop.op);
    kernel.script_entries(GetParam().answer, 3);
    for (auto& nop : nops)
        EXPECT_EQ(ring.finish(nop), 0);
    EXPECT_EQ(kernel.requests(testing::request_kind::nop), 10u);
}

TEST_P(EntryErrors, AFullQueueWaitsForTheKernelToTakeFromIt) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    kernel.script_entries(GetParam().answer, 5);
    std::deque<awaited<nop_operation>> nops(40);
    for (auto& nop : nops)
        ring->submit(nop.op);
    for (auto& nop : nops)
        EXPECT_EQ(ring.finish(nop), 0);
    EXPECT_EQ(kernel.requests(testing::request_kind::nop), 40u);
}

INSTANTIATE_TEST_SUITE_P(Answers, EntryErrors,
                         ::testing::Values(entry_answer{"EAGAIN", -EAGAIN},
                                           entry_answer{"EBUSY", -EBUSY},
                                           entry_answer{"EINTR", -EINTR},
                                           entry_answer{"ENOMEM", -ENOMEM},
                                           entry_answer{"partial", fault_plan::cut_short}),
                         [](const auto& answer) { return answer.param.name; });

TEST(RefusedRequests, WhatWouldMeetAClosedNumberEndsInstead) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    const auto [closed, peer_of_closed] = kernel.stream_pair();
    const auto [open, peer] = kernel.stream_pair();
    std::byte buffers[2][8];
    awaited<recv_operation> first(closed, buffers[0]);
    awaited<recv_operation> second(open, buffers[1]);
    ring->submit(first.op);
    ring->submit(second.op);
    kernel.refuse_requests(-EAGAIN);
    ring->before_close(closed);
    EXPECT_EQ(kernel.close(closed), 0);
    const auto [next, peer_of_next] = kernel.stream_pair();
    EXPECT_EQ(next, closed) << "the number is used again";
    EXPECT_EQ(kernel.write(peer_of_next, bytes_of("theirs")), 6);
    EXPECT_EQ(kernel.write(peer, bytes_of("ours")), 4);
    kernel.refuse_requests(0);
    EXPECT_EQ(ring.finish(first), -EBADF);
    EXPECT_EQ(ring.finish(second), 4);
    std::byte left[8];
    EXPECT_EQ(kernel.read(next, left), 6);
    for (const int each : {next, peer_of_next, open, peer, peer_of_closed})
        kernel.close(each);
}

/// A kernel that has no room for the one operation there is, for a while.
class Refused : public ::testing::Test {
protected:
    Refused() {
        ring_->submit(nop_.op);
        kernel_.refuse_requests(-ENOMEM);
    }
    ~Refused() override {
        kernel_.refuse_requests(0);
        EXPECT_EQ(ring_.finish(nop_), 0);
    }
    /// Time one wait takes.
    std::uint64_t wait(std::uint64_t timeout_ns = kernel::no_timeout) {
        const auto before = kernel_.now_ns();
        ring_.wait(timeout_ns);
        return kernel_.now_ns() - before;
    }
    void wait_until_pauses_are_long() {
        while (wait() < 900'000) {
        }
    }

    simulated_kernel kernel_{alone(1)};
    stepped_ring ring_{kernel_};
    awaited<nop_operation> nop_;
};

TEST_F(Refused, RequestsAreOfferedAgainNowAndThen) {
    for (const int answer : {-EAGAIN, -EBUSY, -ENOMEM}) {
        kernel_.refuse_requests(answer);
        const auto end = kernel_.now_ns() + 20'000'000;
        const auto before = kernel_.entries();
        while (kernel_.now_ns() < end)
            ring_.wait();
        // Two for an offer: six after shorter pauses, then one a millisecond.
        EXPECT_LT(kernel_.entries() - before, 60u);
        EXPECT_GT(kernel_.entries() - before, 30u);
    }
}

TEST_F(Refused, ThePauseBeginsShort) {
    EXPECT_LT(wait(), 20'000u);
    wait_until_pauses_are_long();
    kernel_.refuse_requests(0);
    EXPECT_EQ(ring_.finish(nop_), 0);
    nop_.op.rewind();
    nop_.waiter.times = 0;
    ring_->submit(nop_.op);
    kernel_.refuse_requests(-EAGAIN);
    EXPECT_LT(wait(), 20'000u);
}

TEST_F(Refused, ABellEndsThePause) {
    wait_until_pauses_are_long();
    ASSERT_EQ(ring_bell_from_outside(kernel_, ring_->descriptor()), 0);
    EXPECT_LT(wait(), 10'000u);
}

TEST_F(Refused, ThePauseIsNoLongerThanTheWait) {
    wait_until_pauses_are_long();
    EXPECT_LT(wait(5'000), 10'000u);
}

TEST_F(Refused, ACompletionEndsThePause) {
    kernel_.refuse_requests(0);
    EXPECT_EQ(ring_.finish(nop_), 0);
    const auto ends = kernel_.stream_pair();
    std::array<std::byte, 8> buffer;
    awaited<recv_operation> recv(ends.first, std::span(buffer));
    ring_->submit(recv.op);
    ring_->flush();
    kernel_.settle();
    nop_.op.rewind();
    nop_.waiter.times = 0;
    ring_->submit(nop_.op);
    kernel_.refuse_requests(-ENOMEM);
    wait_until_pauses_are_long();
    kernel_.write(ends.second, bytes_of("now"));
    EXPECT_LT(wait(), 100'000u);
    EXPECT_EQ(ring_.finish(recv), 3);
}

/// In builds without assertions too.
TEST(LostCompletionsDeathTest, EndTheProgramByName) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    kernel.script_entries(-EBADR);
    EXPECT_DEATH(ring.wait(1'000), "lost completions for want of memory.*EBADR");
}

TEST(Entry, APartialSubmitIsContinued) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    std::deque<awaited<nop_operation>> nops(10);
    for (auto& nop : nops)
        ring->submit(nop.op);
    kernel.script_entries(fault_plan::cut_short);
    ring->flush();
    EXPECT_EQ(ring->unsubmitted(), 5u);
    ring->flush();
    EXPECT_EQ(ring->unsubmitted(), 0u);
    for (auto& nop : nops)
        EXPECT_EQ(ring.finish(nop), 0);
}

TEST(Entry, AnInterruptedWaitReturns) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    kernel.script_entries(-EINTR);
    const auto before = kernel.now_ns();
    EXPECT_EQ(ring.wait(), 0u);
    EXPECT_LT(kernel.now_ns(), before + 1'000'000);
}

TEST(Entry, NoiseOfEverySeedLosesNothing) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        auto options = alone(seed);
        options.noise_percent = 50;
        options.cq_entries = 8;
        simulated_kernel kernel(options);
        stepped_ring ring(kernel, {.entries = 16, .cq_entries = 32, .deferred = seed % 2 == 0});
        std::deque<awaited<nop_operation>> nops(100);
        for (auto& nop : nops)
            ring->submit(nop.op);
        for (auto& nop : nops)
            EXPECT_EQ(ring.finish(nop), 0) << kernel.describe();
    }
}

TEST(Entry, OnlyTheOwnerHasEntered) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    EXPECT_EQ(ring.run(nop), 0);
    EXPECT_EQ(kernel.foreign_entries(), 0u);
}

}  // namespace
}  // namespace spargio::ring_test
