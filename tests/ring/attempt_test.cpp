// Doing an operation without the ring, when that needs no waiting.

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

#include "every_operation.hpp"
#include "nop_operation.hpp"

namespace spargio::ring_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;

testing::simulated_options always_possible() {
    auto options = alone(1);
    options.attempt_percent = 100;
    return options;
}

class Attempt : public ::testing::Test {
protected:
    simulated_kernel kernel_{always_possible()};
    std::pair<int, int> stream_ = kernel_.stream_pair();
    stepped_ring ring_{kernel_};
    std::array<std::byte, 8> buffer_{};
    awaited<recv_operation> receive_{stream_.first, std::span<std::byte>(buffer_)};
};

TEST_F(Attempt, WhatIsThereIsTakenWithoutTheRing) {
    kernel_.write(stream_.second, bytes_of("abc"));
    ASSERT_TRUE(ring_->attempt(receive_.op));
    EXPECT_TRUE(receive_.done());
    EXPECT_EQ(receive_.op.outcome(), 3);
    EXPECT_EQ(receive_.waiter.times, 0u);
    EXPECT_EQ(kernel_.entries(), 0u);
}

TEST_F(Attempt, WhatWouldWaitIsUntouched) {
    ASSERT_FALSE(ring_->attempt(receive_.op));
    EXPECT_EQ(receive_.op.current_state(), operation::state::idle);
    ring_->submit(receive_.op);
    ring_.turn();
    kernel_.write(stream_.second, bytes_of("abc"));
    EXPECT_EQ(ring_.finish(receive_), 3);
}

TEST_F(Attempt, AnErrorIsAnOutcome) {
    kernel_.script({.kind = request_kind::recv, .result = -ECONNRESET});
    ASSERT_TRUE(ring_->attempt(receive_.op));
    EXPECT_EQ(receive_.op.outcome(), -ECONNRESET);
}

TEST_F(Attempt, AnInterruptedOneDidNothing) {
    kernel_.script({.kind = request_kind::recv, .result = -EINTR});
    EXPECT_FALSE(ring_->attempt(receive_.op));
    EXPECT_EQ(receive_.op.current_state(), operation::state::idle);
}

TEST_F(Attempt, WhatWaitsInTheBacklogIsNotOvertaken) {
    kernel_.script_entries(-EAGAIN, 2);
    std::deque<awaited<nop_operation>> nops(17);
    for (auto& nop : nops)
        ring_->submit(nop.op);
    ASSERT_EQ(nops.back().op.current_state(), operation::state::backlog);
    kernel_.write(stream_.second, bytes_of("abc"));
    EXPECT_FALSE(ring_->attempt(receive_.op));
    for (auto& nop : nops)
        ring_.finish(nop);
    EXPECT_TRUE(ring_->attempt(receive_.op));
}

TEST(AttemptFeature, ForcedOffNothingIsTried) {
    simulated_kernel kernel(always_possible());
    const auto stream = kernel.stream_pair();
    kernel.write(stream.second, bytes_of("abc"));
    stepped_ring ring(kernel, {.entries = 16, .disabled = {feature::attempt_first}});
    std::array<std::byte, 8> buffer{};
    awaited<recv_operation> receive(stream.first, std::span<std::byte>(buffer));
    EXPECT_FALSE(ring->attempt(receive.op));
}

class AttemptEvery : public ::testing::TestWithParam<operation_sample> {};

TEST_P(AttemptEvery, DoesItOrLeavesItForTheRing) {
    simulated_kernel kernel(always_possible());
    playground world(kernel);
    const auto op = GetParam().make(world);
    counted_waiter waiter;
    op->waiter = &waiter;
    stepped_ring ring(kernel);
    const auto kind = GetParam().kind;
    constexpr std::array tried = {request_kind::read, request_kind::recv, request_kind::recvmsg,
                                  request_kind::send, request_kind::sendmsg};
    const bool possible = std::ranges::find(tried, kind) != tried.end();
    ASSERT_EQ(ring->attempt(*op), possible);
    if (!possible) {
        ring->submit(*op);
        ring.wait_until([&] { return op->current_state() == operation::state::done; });
    }
    if (GetParam().makes_descriptor) {
        EXPECT_GE(op->outcome(), 0);
    } else {
        EXPECT_EQ(op->outcome(), GetParam().success);
    }
}

INSTANTIATE_TEST_SUITE_P(Every, AttemptEvery, ::testing::ValuesIn(every_operation), sample_name);

class RealAttempt : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
    }
    void TearDown() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    int ends_[2] = {-1, -1};
    stepped_ring ring_{system_kernel()};
    std::array<std::byte, 8> buffer_{};
};

TEST_F(RealAttempt, ReceivesWhatIsThere) {
    awaited<recv_operation> receive(ends_[0], std::span<std::byte>(buffer_));
    EXPECT_FALSE(ring_->attempt(receive.op));
    ASSERT_EQ(::write(ends_[1], "abc", 3), 3);
    ASSERT_TRUE(ring_->attempt(receive.op));
    EXPECT_EQ(receive.op.outcome(), 3);
}

TEST_F(RealAttempt, SendsWhatFits) {
    awaited<send_operation> send(ends_[0], bytes_of("abc"));
    ASSERT_TRUE(ring_->attempt(send.op));
    EXPECT_EQ(send.op.outcome(), 3);
    const std::string much(1 << 20, 'x');
    int outcome = 0;
    for (int i = 0; i < 100 && outcome >= 0; ++i) {
        awaited<send_operation> more(ends_[0], bytes_of(much));
        if (!ring_->attempt(more.op))
            return;  // full, and said so without waiting
    }
    FAIL() << "a hundred megabytes fit into a socket";
}

TEST_F(RealAttempt, ReadsFromThePageCacheOrLeavesItToTheRing) {
    char path[] = "/tmp/spargio_attempt_XXXXXX";
    const int file = ::mkstemp(path);
    ASSERT_EQ(::write(file, "bytes", 5), 5);
    awaited<read_operation> read(file, std::span<std::byte>(buffer_), 1u);
    if (!ring_->attempt(read.op)) {
        ring_.run(read);
    }
    EXPECT_EQ(read.op.outcome(), 4);
    EXPECT_EQ(text_of(std::span(buffer_).first(4)), "ytes");
    ::close(file);
    ::unlink(path);
}

TEST_F(RealAttempt, OtherOperationsAreLeftToTheRing) {
    awaited<accept_operation> accept(ends_[0]);
    EXPECT_FALSE(ring_->attempt(accept.op));
}

}  // namespace
}  // namespace spargio::ring_test
