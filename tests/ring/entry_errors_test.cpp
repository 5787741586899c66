// What io_uring_enter may answer instead of doing what it was asked.

#include <cerrno>
#include <deque>

#include "kernel_under_test.hpp"
#include "nop_operation.hpp"

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
