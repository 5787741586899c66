// What of streams a kernel has, found out by doing it.

#include "kernel_under_test.hpp"
#include "spargio/ring/stream_features.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::ring_test {
namespace {

using testing::simulated_kernel;

constexpr feature_set all_of_streams{feature::multishot_accept,    feature::provided_buffers,
                                     feature::multishot_receive,   feature::bundled_receive,
                                     feature::incremental_buffers, feature::zero_copy_send};

/// A simulated kernel that ends no request before its time.
testing::simulated_options steady(std::uint64_t seed) {
    auto options = alone(seed);
    options.end_multishot_percent = 0;
    return options;
}

TEST(StreamFeatures, OfACompleteKernelAreAllFound) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulated_kernel kernel(steady(seed));
        EXPECT_EQ(find_stream_features(kernel), all_of_streams)
            << to_string(find_stream_features(kernel)) << ", " << kernel.describe();
        EXPECT_EQ(kernel.open_descriptors(), 0u);
        EXPECT_EQ(kernel.pending_requests(), 0u);
    }
}

TEST(StreamFeatures, OfAnOldKernelAreNone) {
    auto options = steady(1);
    options.missing = feature_set::all();
    simulated_kernel kernel(options);
    EXPECT_EQ(find_stream_features(kernel), feature_set{});
}

TEST(StreamFeatures, MissingOneIsFoundOut) {
    for (const feature missing :
         {feature::multishot_accept, feature::multishot_receive, feature::bundled_receive,
          feature::incremental_buffers, feature::zero_copy_send}) {
        auto options = steady(1);
        options.missing = {missing};
        simulated_kernel kernel(options);
        const feature_set found = find_stream_features(kernel);
        EXPECT_FALSE(found.has(missing)) << to_string(missing);
        EXPECT_TRUE(found.has(feature::provided_buffers));
    }
}

/// A request may end before its time, but not always.
TEST(StreamFeatures, WhatNeverGoesOnIsSwitchedOff) {
    auto options = alone(1);
    options.end_multishot_percent = 100;
    simulated_kernel kernel(options);
    EXPECT_FALSE(find_stream_features(kernel).has(feature::multishot_receive));
}

TEST(StreamFeatures, AnyFaultLeavesOneOutAndNothingBehind) {
    const auto faults = testing::fault_sweep(
        [](simulated_kernel& kernel) {
            (void)find_stream_features(kernel);
            EXPECT_EQ(kernel.open_descriptors(), 0u) << kernel.describe();
            EXPECT_EQ(kernel.pending_requests(), 0u) << kernel.describe();
        },
        steady(1));
    EXPECT_GT(faults, 100u);
}

TEST(StreamFeatures, OfTheRealKernelLeaveNothingBehind) {
    const auto count = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    const auto before = count();
    const feature_set found = find_stream_features(system_kernel());
    EXPECT_TRUE(found.has(feature::provided_buffers) || !found.has(feature::multishot_receive));
    EXPECT_EQ(count(), before);
    std::printf("this kernel has %s\n", to_string(found).c_str());
}

}  // namespace
}  // namespace spargio::ring_test
