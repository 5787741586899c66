// Submitting, the backlog, reaping: on the simulated kernel and on the real one.

#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <thread>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/send.hpp"

namespace spargio::ring_test {
namespace {

using state = operation::state;
using SubmitReap = OnEveryKernel;

TEST_P(SubmitReap, NothingEntersTheKernelBeforeTheFlush) {
    stepped_ring ring(entry(), small());
    awaited<nop_operation> nop;
    const auto entered = ring->entries_into_kernel();
    ring->submit(nop.op);
    EXPECT_EQ(nop.op.current_state(), state::in_flight);
    EXPECT_EQ(ring->unsubmitted(), 1u);
    EXPECT_EQ(ring->entries_into_kernel(), entered);
    EXPECT_EQ(ring.finish(nop), 0);
    EXPECT_EQ(ring->unsubmitted(), 0u);
}

TEST_P(SubmitReap, FlushOfNothingStaysOutOfTheKernel) {
    stepped_ring ring(entry(), small());
    const auto entered = ring->entries_into_kernel();
    ring->flush();
    EXPECT_EQ(ring->entries_into_kernel(), entered);
}

TEST_P(SubmitReap, WaitEndsWithItsTimeout) {
    stepped_ring ring(entry(), small());
    const auto before = entry().now_ns();
    EXPECT_EQ(ring.wait(2'000'000), 0u);
    EXPECT_GE(entry().now_ns(), before + 2'000'000);
}

TEST_P(SubmitReap, ReapQueuesTheWaiterAndRunsNothing) {
    stepped_ring ring(entry(), small());
    awaited<nop_operation> nop;
    ring->submit(nop.op);
    detail::work_list ready;
    while (ready.empty()) {
        ring->wait(kernel::no_timeout);
        ring->reap(ready);
    }
    EXPECT_EQ(nop.waiter.times, 0u);
    EXPECT_EQ(&ready.pop(), &nop.waiter);
    EXPECT_TRUE(nop.done());
}

TEST_P(SubmitReap, FinishedOperationCanBeUsedAgain) {
    stepped_ring ring(entry(), small());
    awaited<nop_operation> nop;
    for (unsigned round = 1; round <= 100; ++round) {
        ring->submit(nop.op);
        ring.wait_until([&] { return nop.done(); });
        EXPECT_EQ(nop.waiter.times, round);
        nop.op.rewind();
    }
}

TEST_P(SubmitReap, BytesPassThroughAStream) {
    const auto pair = stream_pair();
    stepped_ring ring(entry(), small());
    std::array<std::byte, 16> buffer{};
    awaited<recv_operation> receive(pair.first, buffer);
    awaited<send_operation> send(pair.second, bytes_of("hello"));
    ring->submit(receive.op);
    ring->submit(send.op);
    EXPECT_EQ(ring.finish(receive), 5);
    EXPECT_EQ(ring.finish(send), 5);
    EXPECT_EQ(text_of(std::span(buffer).first(5)), "hello");
    close(pair);
}

TEST_P(SubmitReap, WhatFindsNoRoomInTheQueueIsKeptInOrder) {
    // Nothing is taken for a while, so that the submission queue stays full.
    stepped_ring ring(entry(), small());
    if (simulated_ != nullptr)
        simulated_->script_entries(-EAGAIN, 40);
    std::deque<awaited<nop_operation>> nops(60);
    for (auto& nop : nops)
        ring->submit(nop.op);
    if (simulated_ != nullptr) {
        EXPECT_EQ(nops[15].op.current_state(), state::in_flight);
        EXPECT_EQ(nops[16].op.current_state(), state::backlog);
    }
    unsigned last_place = 0;
    for (auto& nop : nops) {
        ring.finish(nop);
        EXPECT_GT(nop.op.place, last_place);
        last_place = nop.op.place;
    }
}

TEST_P(SubmitReap, ABacklogIsNotOvertaken) {
    stepped_ring ring(entry(), small());
    std::deque<awaited<nop_operation>> nops(64);
    for (auto& nop : nops)
        ring->submit(nop.op);
    // The bound on operations in flight is reached: this one waits, though the queue has room.
    awaited<nop_operation> late, later;
    ring->submit(late.op);
    EXPECT_EQ(late.op.current_state(), state::backlog);
    ring->flush();
    ring->submit(later.op);
    EXPECT_EQ(later.op.current_state(), state::backlog);
    ring.finish(later);
    ring.finish(late);
    EXPECT_GT(late.op.place, nops.back().op.place);
    EXPECT_GT(later.op.place, late.op.place);
    for (auto& nop : nops)
        ring.finish(nop);
}

TEST_P(SubmitReap, NoMoreInFlightThanTheCompletionQueueHolds) {
    const auto pair = stream_pair();
    stepped_ring ring(entry(), small(32));
    std::array<std::byte, 1> buffer{};
    std::deque<awaited<recv_operation>> receives;
    for (unsigned i = 0; i < 100; ++i) {
        receives.emplace_back(pair.first, std::span<std::byte>(buffer));
        ring->submit(receives.back().op);
        ring.turn();
        EXPECT_LE(ring->in_flight(), 32u);
    }
    EXPECT_EQ(ring->in_flight(), 32u);
    EXPECT_EQ(receives.back().op.current_state(), state::backlog);
    write(pair.second, std::string(100, 'x'));
    for (auto& receive : receives)
        EXPECT_EQ(ring.finish(receive), 1);
    EXPECT_EQ(ring->overflows(), 0u);
    close(pair);
}

TEST_P(SubmitReap, AnotherThreadMayReapWhatTheOwnerSubmitted) {
    // As under the service claim; between the two stands nothing but the kernel.
    options.immediate_percent = 100;
    stepped_ring ring(entry(), small());
    std::atomic<unsigned> reaped = 0;
    constexpr unsigned rounds = 1000;
    std::thread reaper([&] {
        detail::work_list ready;
        for (unsigned round = 1; round <= rounds; ++round) {
            while (!ring->completions_visible() || ring->reap(ready) == 0)
                std::this_thread::yield();
            detail::work_item& item = ready.pop();
            item.run(item);
            reaped = round;
            reaped.notify_one();
        }
    });
    awaited<nop_operation> nop;
    for (unsigned round = 1; round <= rounds; ++round) {
        ring->submit(nop.op);
        ring->flush();
        reaped.wait(round - 1);
        ASSERT_EQ(nop.op.outcome(), 0);
        nop.op.rewind();
    }
    reaper.join();
    EXPECT_EQ(nop.waiter.times, rounds);
}

TEST_P(SubmitReap, AHundredThousandThroughSixteenEntries) {
    constexpr unsigned total = 100'000;
    stepped_ring ring(entry(), small(16));
    std::deque<awaited<nop_operation>> nops(64);
    unsigned submitted = 0;
    unsigned ended = 0;
    while (ended < total) {
        for (auto& nop : nops) {
            if (nop.waiter.times != 0) {
                ASSERT_EQ(nop.waiter.times, 1u);
                ASSERT_EQ(nop.op.outcome(), 0);
                nop.waiter.times = 0;
                nop.op.rewind();
                ++ended;
            }
            if (nop.op.current_state() == state::idle && submitted < total) {
                ring->submit(nop.op);
                ++submitted;
            }
        }
        if (ended < total)
            ring.wait();
    }
    EXPECT_EQ(submitted, total);
    EXPECT_EQ(ring->in_flight(), 0u);
}

TEST_P(SubmitReap, OverflowOfTheCompletionQueueLosesNothing) {
    options.cq_entries = 16;
    const auto pair = stream_pair();
    // Each cancelled operation has two completions: twice what the queue holds.
    stepped_ring ring(entry(), small(real() ? 16 : 64));
    std::array<std::byte, 1> buffer{};
    std::deque<awaited<recv_operation>> receives;
    for (unsigned i = 0; i < (real() ? 16 : 64); ++i) {
        receives.emplace_back(pair.first, std::span<std::byte>(buffer));
        ring->submit(receives.back().op);
    }
    ring->flush();
    for (auto& receive : receives)
        ring->cancel(receive.op);
    ring->flush();
    for (auto& receive : receives)
        EXPECT_EQ(ring.finish(receive), -ECANCELED);
    EXPECT_GT(ring->overflows(), 0u);
    close(pair);
}

TEST_P(SubmitReap, CompletionsHeldBackAreAskedFor) {
    const auto pair = stream_pair();
    if (simulated_ != nullptr)
        simulated_->script({.kind = testing::request_kind::recv, .delay_ns = 1000});
    stepped_ring ring(entry(), small());
    std::array<std::byte, 1> buffer{};
    awaited<recv_operation> receive(pair.first, buffer);
    ring->submit(receive.op);
    ring.turn();
    write(pair.second, "x");
    if (simulated_ != nullptr)
        simulated_->advance(100'000);
    const bool plain = GetParam().disabled.has(feature::cooperative_taskrun);
    // On the real kernel write() was this thread's entry: cooperative mode posted at its end.
    const bool held_back = !plain && (!real() || GetParam().deferred);
    EXPECT_EQ(ring->entry_wanted(), held_back);
    EXPECT_EQ(ring->completions_visible(), !held_back);
    // Not a wait: a shard with work of its own only flushes.
    ring->flush();
    EXPECT_TRUE(ring->completions_visible());
    EXPECT_EQ(ring.run_ready(), 1u);
    EXPECT_EQ(receive.op.outcome(), 1);
    close(pair);
}

TEST(CompletionOverflow, EveryEntryAsksForWhatTheKernelKept) {
    auto options = alone(1);
    options.cq_entries = 16;
    options.immediate_percent = 100;
    testing::simulated_kernel kernel(options);
    stepped_ring ring(kernel);
    std::deque<awaited<nop_operation>> nops(49);
    for (std::size_t i = 0; i < 32; ++i) {
        ring->submit(nops[i].op);
        if (i % 16 == 15)
            ring->flush();
    }
    EXPECT_EQ(ring.run_ready(), 16u);
    EXPECT_FALSE(ring->completions_visible());
    // The last of these needs room in the submission queue, for which it enters.
    for (std::size_t i = 32; i < 49; ++i)
        ring->submit(nops[i].op);
    EXPECT_TRUE(ring->completions_visible());
    for (auto& nop : nops)
        ring.finish(nop);
}

INSTANTIATE_TEST_SUITE_P(Kernels, SubmitReap, ::testing::ValuesIn(all_kernels), name_of);

}  // namespace
}  // namespace spargio::ring_test
