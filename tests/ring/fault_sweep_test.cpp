// One fault, at every point of a run in turn.

#include <algorithm>
#include <cerrno>
#include <deque>
#include <optional>
#include <set>

#include "every_operation.hpp"
#include "nop_operation.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::ring_test {
namespace {

using testing::fault_plan;
using testing::fault_sweep;
using testing::request_kind;
using testing::simulated_kernel;

class FaultSweep : public ::testing::TestWithParam<operation_sample> {
protected:
    static bool may_answer(int outcome) {
        const auto& sample = GetParam();
        if (sample.makes_descriptor ? outcome >= 0 : outcome == sample.success)
            return true;
        if (outcome == 1)  // cut short
            return sample.success > 1;
        const auto faults = fault_plan::faults_of(sample.kind);
        return std::ranges::find(faults, outcome) != faults.end();
    }
    /// Undoes what the operation did, and says whether it told the truth about it.
    static void give_back(simulated_kernel& kernel, int outcome, std::size_t before) {
        if (GetParam().makes_descriptor && outcome >= 0)
            kernel.close(outcome);
        // A close closes whatever it answers, but for one that is cancelled: it may have begun.
        if (GetParam().kind == request_kind::close &&
            (outcome != -ECANCELED || kernel.open_descriptors() < before))
            --before;
        EXPECT_EQ(kernel.open_descriptors(), before);
    }
};

TEST_P(FaultSweep, EveryErrnoAndEveryShortTransferIsAnOutcome) {
    const auto faults = fault_plan::faults_of(GetParam().kind);
    std::size_t wrong = 0;
    std::set<int> outcomes;
    const auto runs = fault_sweep(
        [&](simulated_kernel& kernel) {
            SCOPED_TRACE(kernel.describe());
            playground world(kernel);
            stepped_ring ring(kernel);
            if (!ring.opened())
                return;
            const std::size_t before = kernel.open_descriptors();
            const auto op = GetParam().make(world);
            counted_waiter waiter;
            op->waiter = &waiter;
            ring->submit(*op);
            ring.wait_until([&] { return op->current_state() == operation::state::done; });
            EXPECT_EQ(waiter.times, 1u);
            EXPECT_TRUE(may_answer(op->outcome())) << op->outcome();
            wrong +=
                op->outcome() != GetParam().success && (op->outcome() < 0 || op->outcome() == 1);
            outcomes.insert(op->outcome());
            EXPECT_EQ(ring.wait(10'000'000), 0u);
            give_back(kernel, op->outcome(), before);
        },
        alone(3));
    EXPECT_GT(runs, faults.size());
    // Each of its errors has come back from it.
    EXPECT_EQ(wrong, faults.size());
    EXPECT_EQ(outcomes.count(-fault_plan::restart), 0u);
}

TEST_P(FaultSweep, UnderACancelToo) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        fault_sweep(
            [&](simulated_kernel& kernel) {
                SCOPED_TRACE(kernel.describe());
                playground world(kernel);
                stepped_ring ring(kernel);
                if (!ring.opened())
                    return;
                const std::size_t before = kernel.open_descriptors();
                const auto op = GetParam().make(world);
                counted_waiter waiter;
                op->waiter = &waiter;
                ring->submit(*op);
                ring.turn();
                ring->cancel(*op);
                ring.wait_until([&] { return op->current_state() == operation::state::done; });
                EXPECT_EQ(waiter.times, 1u);
                EXPECT_TRUE(op->outcome() == -ECANCELED || may_answer(op->outcome()))
                    << op->outcome();
                EXPECT_EQ(ring.wait(10'000'000), 0u);
                give_back(kernel, op->outcome(), before);
            },
            alone(seed));
    }
}

INSTANTIATE_TEST_SUITE_P(Every, FaultSweep, ::testing::ValuesIn(every_operation), sample_name);

/// Everything a ring does, at once and through a queue that is too short.
void scenario(simulated_kernel& kernel) {
    SCOPED_TRACE(kernel.describe());
    playground world(kernel);
    std::optional<stepped_ring> ring(std::in_place, kernel);
    std::optional<stepped_ring> peer(std::in_place, kernel);
    const int bell = kernel.open_bell();
    if (ring->opened() && peer->opened()) {
        (*ring)->listen_to_bell(bell);
        std::deque<awaited<nop_operation>> nops(20);
        for (auto& nop : nops)
            (*ring)->submit(nop.op);
        std::vector<std::shared_ptr<operation>> ops;
        std::deque<counted_waiter> waiters;
        for (const auto& sample : every_operation) {
            ops.push_back(sample.make(world));
            ops.back()->waiter = &waiters.emplace_back();
            (*ring)->submit(*ops.back());
            if (ops.size() % 3 == 0)
                (*ring)->cancel(*ops[ops.size() - 2]);
            (void)(*ring)->send_bell((*peer)->descriptor(), 1);
        }
        ring->turn();
        kernel.strike_bell(bell);
        for (auto& op : ops)
            (*ring)->cancel(*op);
        for (auto& nop : nops)
            ring->finish(nop);
        ring->wait_until([&] {
            return std::ranges::all_of(waiters, [](const auto& w) { return w.times != 0; });
        });
        for (const auto& waiter : waiters)
            EXPECT_EQ(waiter.times, 1u);
        (void)peer->wait(1'000'000);
    }
    ring.reset();
    peer.reset();
    EXPECT_EQ(kernel.pending_requests(), 0u);
}

TEST(FaultSweepOfEverything, NothingHangsAndNothingEndsTwice) {
    for (const unsigned noise : {0u, 30u}) {
        for (std::uint64_t seed = 0; seed < 3; ++seed) {
            auto options = alone(seed);
            options.noise_percent = noise;
            options.short_percent = noise;
            EXPECT_GT(fault_sweep(scenario, options), 100u);
        }
    }
}

TEST(FaultSweepOfEverything, FaultlessNoiseOfManySeeds) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        auto options = alone(seed);
        options.noise_percent = 30;
        options.short_percent = 30;
        options.cq_entries = seed % 2 == 0 ? 8 : 0;
        simulated_kernel kernel(options);
        scenario(kernel);
    }
}

TEST(QueueEntries, FailingToGetOneAtAnyPlaceLosesNothing) {
    // With `ahead` entries taken and a kernel that takes none, each kind of request in turn is the
    // first that finds no room: operations, cancels, bells and the bell's listener.
    for (unsigned ahead = 0; ahead <= 20; ++ahead) {
        for (unsigned refusals = 1; refusals <= 12; refusals += 1) {
            simulated_kernel kernel(alone(ahead));
            const auto stream = kernel.stream_pair();
            const int bell = kernel.open_bell();
            stepped_ring ring(kernel);
            std::array<std::byte, 4> buffer{};
            awaited<recv_operation> early(stream.first, std::span<std::byte>(buffer));
            awaited<recv_operation> late(stream.first, std::span<std::byte>(buffer));
            ring->submit(early.op);
            ring.turn();
            kernel.script_entries(-EAGAIN, refusals);
            std::deque<awaited<nop_operation>> nops(ahead);
            for (auto& nop : nops)
                ring->submit(nop.op);
            ring->submit(late.op);
            ring->cancel(early.op);
            ring->cancel(late.op);
            (void)ring->send_bell(ring->descriptor(), 0);
            ring->listen_to_bell(bell);
            for (auto& nop : nops)
                EXPECT_EQ(ring.finish(nop), 0);
            EXPECT_EQ(ring.finish(early), -ECANCELED);
            EXPECT_EQ(ring.finish(late), -ECANCELED);
            ring->flush();
            EXPECT_EQ(kernel.requests(request_kind::read), 1u);
        }
    }
}

}  // namespace
}  // namespace spargio::ring_test
