// Every error the kernel may answer reaches the program as that error, and leaves a shard that
// goes on. On the simulated kernel, from the runtime down.

#include <gtest/gtest.h>

#include <cerrno>

#include "simulated_operations.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::trap_test {
namespace {

class ErrnoSweep : public ::testing::TestWithParam<simulated_operation> {};

runtime_builder one_shard() {
    return runtime_builder().shards(1).ring_entries(16).spin_us(0);
}

TEST_P(ErrnoSweep, EachErrorSurfacesAsItself) {
    const simulated_operation& swept = GetParam();
    const feature_set off = features_disabled_by_environment();
    if (swept.kind == testing::request_kind::read &&
        (off.has(feature::register_message) || off.has(feature::message_ring)))
        GTEST_SKIP() << "what is forced off makes the shard's bell a read, too";
    unsigned tried = 0;
    for (const int fault : testing::fault_plan::faults_of(swept.kind)) {
        if (fault >= 0)
            continue;  // a short transfer
        testing::simulated_kernel kernel;
        simulated_scene scene(kernel);
        auto built = one_shard().build_on(kernel);
        ASSERT_TRUE(built) << built.error().message;
        kernel.script({.kind = swept.kind, .result = fault});
        // What a kernel worker says when it is interrupted within an open is EINTR elsewhere.
        const int said = fault == -testing::fault_plan::restart ? EINTR : -fault;
        const auto answer = built->block_on([&] { return swept.run(scene); });
        // An attempt that was interrupted or found nothing is taken back to the ring.
        if (answer) {
            EXPECT_EQ(fault, -EINTR) << kernel.describe();
        } else {
            EXPECT_EQ(answer.error(), std::error_code(said, std::generic_category()))
                << kernel.describe();
        }
        const auto again = built->block_on([&] { return swept.run(scene); });
        if (swept.kind != testing::request_kind::shutdown) {
            EXPECT_TRUE(again) << again.error() << " after " << fault;
        }
        ++tried;
    }
    EXPECT_GE(tried, 2u);
}

TEST_P(ErrnoSweep, AFaultAtEveryPointEndsInAnAnswer) {
    const simulated_operation& swept = GetParam();
    std::uint64_t answers = 0;
    const auto scenario = [&](testing::simulated_kernel& kernel) {
        simulated_scene scene(kernel);
        auto built = one_shard().build_on(kernel);
        if (!built) {
            EXPECT_FALSE(built.error().message.empty());
            return;
        }
        (void)built->block_on([&] { return swept.run(scene); });
        EXPECT_EQ(built->stats(0).operations_in_flight, 0u) << kernel.describe();
        EXPECT_TRUE(built->shutdown_blocking().clean()) << kernel.describe();
        EXPECT_EQ(kernel.foreign_entries(), 0u);
        ++answers;
    };
    // A ring that lives cannot be told to be gone, which the register call would be.
    const std::uint64_t faults =
        testing::fault_sweep(scenario, {.missing = {feature::register_message}});
    EXPECT_GT(faults, 10u);
    EXPECT_GT(answers, 10u);
}

std::string name_of(const ::testing::TestParamInfo<simulated_operation>& info) {
    return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Operations, ErrnoSweep, ::testing::ValuesIn(simulated_operations()),
                         name_of);

}  // namespace
}  // namespace spargio::trap_test
