// Doorbells between rings, from outside, and through an eventfd.

#include <cerrno>
#include <deque>
#include <optional>
#include <thread>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/outside_bell.hpp"

namespace spargio::ring_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;

constexpr std::uint64_t long_ns = 60'000'000'000;

unsigned completions_of(stepped_ring& ring) {
    detail::work_list ready;
    return ring->reap(ready);
}

class BellFromOutside : public OnEveryKernel {
protected:
    // Strokes come from threads without a ring.
    void SetUp() override { options.foreign_threads = true; }
};

/// Those that a ring rings at another.
class Bell : public BellFromOutside {
protected:
    void SetUp() override {
        BellFromOutside::SetUp();
        if (!has(feature::message_ring))
            GTEST_SKIP() << "message_ring is forced off";
    }
};

TEST_P(Bell, WakesAnotherRing) {
    stepped_ring source(entry(), small());
    stepped_ring target(entry(), small());
    ASSERT_TRUE(source->send_bell(target->descriptor(), 7));
    source->flush();
    target->wait(long_ns);
    EXPECT_EQ(completions_of(target), 1u);
    EXPECT_EQ(completions_of(source), 0u);
    EXPECT_FALSE(source->bells_failed());
}

TEST_P(Bell, WakesAThreadThatWaits) {
    stepped_ring source(entry(), small());
    std::atomic<int> target_descriptor = -1;
    std::thread waiting([&] {
        stepped_ring target(entry(), small());
        target_descriptor = target->descriptor();
        target_descriptor.notify_one();
        while (completions_of(target) == 0)
            target->wait(kernel::no_timeout);
    });
    target_descriptor.wait(-1);
    ASSERT_TRUE(source->send_bell(target_descriptor, 7));
    source->flush();
    waiting.join();
}

TEST_P(Bell, ThatCannotBeRungIsReported) {
    stepped_ring source(entry(), small());
    std::optional<stepped_ring> target(std::in_place, entry(), small());
    const int descriptor = (*target)->descriptor();
    const auto stream = stream_pair();
    target.reset();
    ASSERT_TRUE(source->send_bell(descriptor, 7));      // EBADF: gone
    ASSERT_TRUE(source->send_bell(stream.first, 255));  // EBADFD: no ring
    while (!source->bells_failed() || source->unsubmitted() != 0)
        source.wait(1'000'000);
    std::bitset<ring::most_rings> failed;
    while (failed.count() < 2) {
        source.wait(1'000'000);
        failed |= source->take_failed_bells();
    }
    EXPECT_TRUE(failed.test(7));
    EXPECT_TRUE(failed.test(255));
    EXPECT_FALSE(source->bells_failed());
    EXPECT_TRUE(source->take_failed_bells().none());
    close(stream);
}

TEST_P(Bell, TargetClosesInTheMiddleOfABurst) {
    stepped_ring source(entry(), small());
    std::optional<stepped_ring> target(std::in_place, entry(), small());
    const int descriptor = (*target)->descriptor();
    for (unsigned i = 0; i < 10; ++i)
        ASSERT_TRUE(source->send_bell(descriptor, 1));
    source->flush();
    target.reset();
    for (unsigned i = 0; i < 10; ++i)
        ASSERT_TRUE(source->send_bell(descriptor, 2));
    while (!source->take_failed_bells().test(2))
        source.wait(1'000'000);
}

TEST_P(BellFromOutside, FromAThreadWithoutARing) {
    stepped_ring target(entry(), small());
    if (!target->features().has(feature::register_message))
        GTEST_SKIP() << "this kernel cannot (before 6.13), or may not";
    int outcome = -1;
    std::thread([&] { outcome = ring_bell_from_outside(entry(), target->descriptor()); }).join();
    EXPECT_EQ(outcome, 0);
    target->wait(long_ns);
    EXPECT_EQ(completions_of(target), 1u);
}

TEST_P(BellFromOutside, AnEventfdWakesAgainAndAgain) {
    stepped_ring ring(entry(), small());
    const int bell = entry().open_bell();
    ASSERT_GE(bell, 0);
    ring->listen_to_bell(bell);
    for (unsigned i = 0; i < 100; ++i) {
        entry().strike_bell(bell);
        while (completions_of(ring) == 0)
            ring->wait(long_ns);
    }
    entry().close_bell(bell);
}

TEST_P(BellFromOutside, AnEventfdWakesAThreadThatWaits) {
    const int bell = entry().open_bell();
    ASSERT_GE(bell, 0);
    std::thread waiting([&] {
        stepped_ring ring(entry(), small());
        ring->listen_to_bell(bell);
        while (completions_of(ring) == 0)
            ring->wait(kernel::no_timeout);
    });
    entry().strike_bell(bell);
    waiting.join();
    entry().close_bell(bell);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Bell, ::testing::ValuesIn(all_kernels), name_of);
INSTANTIATE_TEST_SUITE_P(Kernels, BellFromOutside, ::testing::ValuesIn(all_kernels), name_of);

TEST(SimulatedBell, AtAFullTargetIsReported) {
    simulated_kernel kernel(alone(1));
    stepped_ring source(kernel);
    stepped_ring target(kernel, {.entries = 16, .cq_entries = 16});
    for (unsigned i = 0; i < 16; ++i)
        kernel.post_stray_completion(target->descriptor(), 2 /* a bell */, 0);
    ASSERT_TRUE(source->send_bell(target->descriptor(), 3));
    while (!source->bells_failed())
        source.wait(1'000'000);
    EXPECT_TRUE(source->take_failed_bells().test(3));
    EXPECT_EQ(kernel.completions(request_kind::message, -EOVERFLOW), 1u);
    EXPECT_EQ(completions_of(target), 16u);
}

TEST(SimulatedBell, WithoutRoomAnotherWayIsAskedFor) {
    simulated_kernel kernel(alone(1));
    stepped_ring source(kernel);
    stepped_ring target(kernel);
    for (unsigned i = 0; i < 16; ++i)
        ASSERT_TRUE(source->send_bell(target->descriptor(), 3));
    kernel.script_entries(-EAGAIN);
    EXPECT_FALSE(source->send_bell(target->descriptor(), 3));
    source->flush();
    EXPECT_TRUE(source->send_bell(target->descriptor(), 3));
    source->flush();
}

TEST(SimulatedBell, ListenerThatFindsNoRoomIsPlacedLater) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    std::deque<awaited<nop_operation>> nops(16);
    for (auto& nop : nops)
        ring->submit(nop.op);
    kernel.script_entries(-EAGAIN);
    const int bell = kernel.open_bell();
    ring->listen_to_bell(bell);
    EXPECT_EQ(kernel.requests(request_kind::read), 0u);
    for (auto& nop : nops)
        ring.finish(nop);
    ring->flush();
    EXPECT_EQ(kernel.requests(request_kind::read), 1u);
    kernel.strike_bell(bell);
    while (completions_of(ring) == 0)
        ring->wait(kernel::no_timeout);
    kernel.close_bell(bell);
}

TEST(SimulatedBell, ListenerOutlivesItsErrors) {
    for (const int error : {-EINTR, -EAGAIN, -ECANCELED, -ENOMEM}) {
        simulated_kernel kernel(alone(1));
        kernel.script({.kind = request_kind::read, .result = error});
        stepped_ring ring(kernel);
        const int bell = kernel.open_bell();
        ring->listen_to_bell(bell);
        while (completions_of(ring) == 0)
            ring->wait(kernel::no_timeout);
        kernel.strike_bell(bell);
        while (completions_of(ring) == 0)
            ring->wait(kernel::no_timeout);
        EXPECT_GE(kernel.requests(request_kind::read), 2u);
        kernel.close_bell(bell);
    }
}

}  // namespace
}  // namespace spargio::ring_test
