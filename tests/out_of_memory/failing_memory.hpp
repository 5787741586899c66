#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "../core/has_feature.hpp"

namespace spargio::memory_test {

/// Thread sanitizer brings an operator new of its own, which no program can replace.
inline constexpr bool memory_can_fail = !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer);

inline constexpr std::uint64_t from_then_on = std::numeric_limits<std::uint64_t>::max();

/// As long as it lives, allocations of the whole program fail: the one with number `first`, from 0,
/// and the `more` after it. One at a time.
class [[nodiscard]] failing_memory {
public:
    explicit failing_memory(std::uint64_t first, std::uint64_t more = 0) noexcept;
    failing_memory(const failing_memory&) = delete;
    failing_memory& operator=(const failing_memory&) = delete;
    ~failing_memory();
    /// Whether any has failed.
    [[nodiscard]] bool has_failed() const noexcept;
};

/// Blocks that were taken and not given back.
[[nodiscard]] std::size_t blocks_in_use() noexcept;

/// Has `attempt(n)` called with n = 0, 1, 2 ... until it says that allocation n did not take place.
/// It fails that allocation, and tells by has_failed().
template <class Attempt>
void fail_each_allocation(Attempt attempt) {
    constexpr std::uint64_t far_too_many = 10'000;
    std::uint64_t number = 0;
    while (attempt(number)) {
        ASSERT_LT(++number, far_too_many);
        if (::testing::Test::HasFailure())
            FAIL() << "when allocation " << number - 1 << " failed";
    }
    EXPECT_GT(number, 0u) << "nothing was allocated";
}

/// The base of tests that count what is left.
class OutOfMemory : public ::testing::Test {
protected:
    void SetUp() override {
        if (!memory_can_fail)
            GTEST_SKIP() << "this sanitizer allocates itself";
    }
};

}  // namespace spargio::memory_test
