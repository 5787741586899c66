// What waits for room in the ring, and leaves that line again.

#include <algorithm>
#include <cerrno>
#include <deque>
#include <vector>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/closings.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/splice.hpp"

namespace spargio::ring_test {
namespace {

using testing::simulated_kernel;
using nops = std::deque<awaited<nop_operation>>;

/// A ring with one operation in flight and all others in the backlog.
class Backlog : public ::testing::Test {
protected:
    void submit(std::size_t count) {
        all_.resize(count);
        for (auto& nop : all_)
            ring_->submit(nop.op);
        ASSERT_EQ(ring_->in_flight(), 1u);
    }
    void cancel(std::size_t which) {
        ring_->cancel(all_[which].op);
        EXPECT_EQ(all_[which].op.outcome(), -ECANCELED);
    }
    /// Runs to the end: what was cancelled never had a request, the others had theirs in order.
    void finish(const std::vector<std::size_t>& cancelled) {
        unsigned last_place = 0;
        for (std::size_t i = 0; i < all_.size(); ++i) {
            const bool gone = std::ranges::find(cancelled, i) != cancelled.end();
            EXPECT_EQ(ring_.finish(all_[i]), gone ? -ECANCELED : 0) << i;
            if (gone)
                continue;
            EXPECT_GT(all_[i].op.place, last_place) << i;
            last_place = all_[i].op.place;
        }
        EXPECT_EQ(kernel_.requests(testing::request_kind::nop), all_.size() - cancelled.size());
    }

    simulated_kernel kernel_{alone(1)};
    stepped_ring ring_{kernel_, {.entries = 16, .cq_entries = 64, .most_in_flight = 1}};
    nops all_;
};

TEST_F(Backlog, IsLeftAtItsHeadAtItsTailAndInTheMiddle) {
    submit(9);
    for (const std::size_t which : {1u, 8u, 4u, 5u, 2u})
        cancel(which);
    finish({1, 2, 4, 5, 8});
}

TEST_F(Backlog, IsLeftByAllAndEnteredAgain) {
    submit(4);
    for (const std::size_t which : {2u, 1u, 3u})
        cancel(which);
    all_.emplace_back();
    ring_->submit(all_.back().op);
    finish({1, 2, 3});
}

TEST_F(Backlog, IsEnteredBehindATailThatLeft) {
    submit(4);
    cancel(3);
    all_.emplace_back();
    ring_->submit(all_.back().op);
    finish({3});
}

/// What is closed has its number counted first, as by descriptor.
void close_as_owner(ring& from, simulated_kernel& kernel, int number) {
    detail::closings::count(number);
    from.before_close(number);
    EXPECT_EQ(kernel.close(number), 0);
}

TEST_F(Backlog, WhatWouldMeetAClosedNumberEndsInstead) {
    submit(1);
    const auto [closed, peer_of_closed] = kernel_.stream_pair();
    const auto [open, peer] = kernel_.stream_pair();
    std::byte buffers[2][8];
    awaited<recv_operation> first(closed, buffers[0]);
    awaited<recv_operation> second(open, buffers[1]);
    awaited<splice_operation> third(open, -1, closed, -1, 8u);
    awaited<splice_operation> fourth(closed, -1, open, -1, 8u);
    for (operation* each :
         {static_cast<operation*>(&first.op), static_cast<operation*>(&second.op),
          static_cast<operation*>(&third.op), static_cast<operation*>(&fourth.op)})
        ring_->submit(*each);
    close_as_owner(*ring_, kernel_, closed);
    const auto [next, peer_of_next] = kernel_.stream_pair();
    EXPECT_EQ(next, closed) << "the number is used again";
    EXPECT_EQ(kernel_.write(peer_of_next, bytes_of("theirs")), 6);
    EXPECT_EQ(kernel_.write(peer, bytes_of("ours")), 4);
    finish({});
    EXPECT_EQ(ring_.finish(first), -EBADF);
    EXPECT_EQ(ring_.finish(second), 4);
    EXPECT_EQ(ring_.finish(third), -EBADF);
    EXPECT_EQ(ring_.finish(fourth), -EBADF);
    std::byte left[8];
    EXPECT_EQ(kernel_.read(next, left), 6);
    for (const int each : {next, peer_of_next, open, peer, peer_of_closed})
        kernel_.close(each);
}

/// Whoever looked through the line for each of them would not come to an end.
TEST_F(Backlog, IsLeftAtOnceHoweverLongItIs) {
    constexpr std::size_t many = 400'000;
    submit(many);
    for (std::size_t i = many - 1; i > 0; --i)
        cancel(i);
    ring_.run_ready();
    EXPECT_EQ(ring_.finish(all_.front()), 0);
    for (const auto& nop : all_)
        ASSERT_EQ(nop.waiter.times, 1u);
    EXPECT_EQ(kernel_.requests(testing::request_kind::nop), 1u);
}

TEST_F(Backlog, KeepsTheRingFromBeingIdle) {
    EXPECT_TRUE(ring_->idle());
    submit(2);
    EXPECT_FALSE(ring_->idle());
    while (!ring_->completions_visible()) {
        ring_->flush();
        kernel_.settle();
    }
    ring_.run_ready();
    EXPECT_EQ(ring_->in_flight(), 0u);
    EXPECT_FALSE(ring_->idle()) << "the second still waits for the room the first has left";
    EXPECT_EQ(ring_.finish(all_.back()), 0);
    EXPECT_TRUE(ring_->idle());
}

}  // namespace
}  // namespace spargio::ring_test
