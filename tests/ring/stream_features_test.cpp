// What of streams a kernel has, found out by doing it.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

#include "kernel_under_test.hpp"
#include "spargio/ring/stream_features.hpp"
#include "spargio/testing/fault_sweep.hpp"

#ifdef __has_feature
#define SPARGIO_TEST_CHECKS_TYPES __has_feature(undefined_behavior_sanitizer)
#else
#define SPARGIO_TEST_CHECKS_TYPES 0
#endif

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
        EXPECT_EQ(find_stream_features(kernel).found, all_of_streams)
            << to_string(find_stream_features(kernel).found) << ", " << kernel.describe();
        EXPECT_EQ(kernel.open_descriptors(), 0u);
        EXPECT_EQ(kernel.pending_requests(), 0u);
    }
}

TEST(StreamFeatures, OfAnOldKernelAreNone) {
    auto options = steady(1);
    options.missing = feature_set::all();
    simulated_kernel kernel(options);
    EXPECT_EQ(find_stream_features(kernel).found, feature_set{});
}

TEST(StreamFeatures, MissingOneIsFoundOut) {
    for (const feature missing :
         {feature::multishot_accept, feature::multishot_receive, feature::bundled_receive,
          feature::incremental_buffers, feature::zero_copy_send}) {
        auto options = steady(1);
        options.missing = {missing};
        simulated_kernel kernel(options);
        const feature_set found = find_stream_features(kernel).found;
        EXPECT_FALSE(found.has(missing)) << to_string(missing);
        EXPECT_TRUE(found.has(feature::provided_buffers));
    }
}

/// A request may end before its time, but not always.
TEST(StreamFeatures, WhatNeverGoesOnIsSwitchedOff) {
    auto options = alone(1);
    options.end_multishot_percent = 100;
    simulated_kernel kernel(options);
    EXPECT_FALSE(find_stream_features(kernel).found.has(feature::multishot_receive));
}

TEST(StreamFeatures, WithoutDescriptorsNotAllIsTried) {
    // One for the ring, two for what it is tried on.
    for (const std::size_t descriptors : {0u, 1u, 2u, 3u}) {
        auto options = steady(1);
        options.descriptors = descriptors;
        simulated_kernel kernel(options);
        EXPECT_EQ(find_stream_features(kernel).all_tried, descriptors == 3) << descriptors;
    }
    auto options = steady(1);
    options.missing = feature_set::all();
    simulated_kernel old(options);
    EXPECT_TRUE(find_stream_features(old).all_tried);
}

/// Looks with descriptors for nothing but the ring, and again when there are more.
[[noreturn]] void look_twice() {
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    rlimit limit{static_cast<rlim_t>(lowest_free) + 1, 1 << 14};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
        std::_Exit(1);
    if (find_stream_features(system_kernel()).found.has(feature::multishot_receive))
        std::_Exit(2);
    limit.rlim_cur += 100;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
        std::_Exit(3);
    std::_Exit(find_stream_features(system_kernel()).found.has(feature::multishot_receive) ? 0 : 4);
}

TEST(StreamFeaturesDeathTest, WhatCouldNotBeTriedIsTriedAgain) {
    if (SPARGIO_TEST_CHECKS_TYPES)
        GTEST_SKIP() << "this sanitizer looks at objects through a pipe of its own";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    int status = -1;
    const auto remember = [&status](int end) {
        status = end;
        return true;
    };
    EXPECT_EXIT(look_twice(), remember, "");
    // Not before: the other process comes by here, too, and would know the answer.
    if (!find_stream_features(system_kernel()).found.has(feature::multishot_receive))
        GTEST_SKIP() << "this kernel receives once a request";
    EXPECT_TRUE(::testing::ExitedWithCode(0)(status)) << status;
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
    const feature_set found = find_stream_features(system_kernel()).found;
    EXPECT_TRUE(found.has(feature::provided_buffers) || !found.has(feature::multishot_receive));
    EXPECT_EQ(count(), before);
    std::printf("this kernel has %s\n", to_string(found).c_str());
}

}  // namespace
}  // namespace spargio::ring_test
