// Completions that come once too often, too late or from nowhere.

#include <cerrno>

#include "every_operation.hpp"
#include "nop_operation.hpp"
#include "spargio/ring/detail/user_data.hpp"

namespace spargio::ring_test {
namespace {

using testing::request_kind;
using testing::scripted_outcome;
using testing::simulated_kernel;

/// Where assertions are on, `reap` ends the program; elsewhere it counts and changes nothing.
template <class Reap>
void expect_detected(stepped_ring& ring, Reap reap) {
#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
    (void)ring;
    EXPECT_DEATH(reap(), "a completion nobody waits for");
#else
    const auto before = ring->stray_completions();
    EXPECT_EQ(reap(), 0u);
    EXPECT_EQ(ring->stray_completions(), before + 1);
#endif
}

TEST(StrayCompletionDeathTest, OfAnOperationThatIsDone) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    ASSERT_EQ(ring.run(nop), 0);
    expect_detected(ring, [&] {
        kernel.repeat_last_completion(ring->descriptor());
        return ring.run_ready();
    });
    EXPECT_EQ(nop.waiter.times, 1u);
}

TEST(StrayCompletionDeathTest, OfAnEarlierUseOfTheSameMemory) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    alignas(awaited<nop_operation>) std::byte memory[sizeof(awaited<nop_operation>)];
    auto* first = new (memory) awaited<nop_operation>;
    ASSERT_EQ(ring.run(*first), 0);
    first->~awaited();
    auto* second = new (memory) awaited<nop_operation>;
    kernel.script({.kind = request_kind::nop, .delay_ns = 1'000'000});
    ring->submit(second->op);
    ring.turn();
    expect_detected(ring, [&] {
        kernel.repeat_last_completion(ring->descriptor());
        return ring.run_ready();
    });
    EXPECT_EQ(second->waiter.times, 0u);
    EXPECT_EQ(ring.finish(*second), 0);
    second->~awaited();
}

TEST(StrayCompletionDeathTest, OfAnOperationThatWaitsForItsCancel) {
    auto options = alone(1);
    options.order = testing::cancel_order::target_first;
    for (std::uint64_t seed = 0;; ++seed) {
        ASSERT_LT(seed, 100u);
        options.seed = seed;
        simulated_kernel kernel(options);
        stepped_ring ring(kernel);
        awaited<nop_operation> nop;
        kernel.script({.kind = request_kind::nop, .delay_ns = scripted_outcome::until_cancelled});
        ring->submit(nop.op);
        ring.turn();
        ring->cancel(nop.op);
        ring.turn();
        const bool between = nop.op.current_state() == operation::state::completed;
        if (between) {
            expect_detected(ring, [&] {
                kernel.repeat_last_completion(ring->descriptor());
                return ring.run_ready();
            });
        }
        ring.finish(nop);
        if (between)
            break;
    }
}

TEST(StrayCompletionDeathTest, AcknowledgementOfACancelNobodySent) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    ASSERT_EQ(ring.run(nop), 0);
    expect_detected(ring, [&] {
        kernel.post_stray_completion(ring->descriptor(),
                                     detail::user_data(detail::completion_tag::cancel, nop.op, 1),
                                     -ENOENT);
        return ring.run_ready();
    });
}

TEST(StrayCompletionDeathTest, GenerationsWrapAround) {
    simulated_kernel kernel(alone(1));
    stepped_ring ring(kernel);
    awaited<nop_operation> nop;
    for (unsigned i = 1; i <= 1000; ++i) {
        ring->submit(nop.op);
        ring.wait_until([&] { return nop.done(); });
        ASSERT_EQ(nop.waiter.times, i);
        nop.op.rewind();
    }
    EXPECT_EQ(ring->stray_completions(), 0u);
}

}  // namespace
}  // namespace spargio::ring_test
