#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#ifdef __has_feature
#define SPARGIO_TEST_CHECKS_TYPES __has_feature(undefined_behavior_sanitizer)
#else
#define SPARGIO_TEST_CHECKS_TYPES 0
#endif

namespace spargio::net_test {

/// Ends this process with 0 if `body` fails no expectation; what failed is said on standard error.
[[noreturn]] inline void run_child(void (*body)()) {
    body();
    const auto& result = *::testing::UnitTest::GetInstance()->current_test_info()->result();
    for (int i = 0; i < result.total_part_count(); ++i)
        std::fprintf(stderr, "%s\n", result.GetTestPartResult(i).message());
    std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
}
#define EXPECT_CHILD_SUCCEEDS(body) EXPECT_EXIT(run_child(body), ::testing::ExitedWithCode(0), "")

class ProcessLimits : public ::testing::Test {
protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

class DescriptorLimit : public ProcessLimits {
protected:
    void SetUp() override {
        ProcessLimits::SetUp();
        if (SPARGIO_TEST_CHECKS_TYPES)
            GTEST_SKIP() << "this sanitizer looks at objects through a pipe of its own";
    }
};

/// From here on only `room` more descriptors.
inline void limit_descriptors(unsigned room) {
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const ::rlimit limit{static_cast<::rlim_t>(lowest_free) + room, 1 << 14};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

}  // namespace spargio::net_test
