// Not guarded: its coroutines are compiled again with the flags of each file that includes it.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "stack_probe.hpp"
#include "test_executor.hpp"

#if defined(SPARGIO_TEST_WITHOUT_TAIL_CALLS) && !defined(__clang__)
#pragma GCC optimize("no-optimize-sibling-calls")
#endif

namespace spargio {
namespace {
namespace deep {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
constexpr int nested_depth = 100'000;  // their shadow makes each frame cost several times its size
#else
constexpr int nested_depth = 1'000'000;
#endif
#else
constexpr int nested_depth = 1'000'000;
#endif
constexpr int awaits_in_a_row = 1'000'000;
// A group's awaiter with its children's handles makes these frames several times larger.
constexpr int group_depth = 100'000;

inline task<int> leaf(test::stack_probe& probe) {
    probe.look();
    co_return 1;
}

inline task<int> in_a_row(test::stack_probe& probe, int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += co_await leaf(probe);
        probe.look();
    }
    co_return sum;
}

inline task<int> nested(test::stack_probe& probe, int depth) {
    probe.look();
    const int below = depth == 0 ? 0 : 1;
    int sum = 1;
    if (below != 0)
        sum += co_await nested(probe, depth - 1);
    probe.look();
    co_return sum;
}

inline task<int> nested_throwing(test::stack_probe& probe, int depth) {
    probe.look();
    if (depth == 0)
        throw 1;
    co_return co_await nested_throwing(probe, depth - 1);
}

inline task<int> nested_all(test::stack_probe& probe, int depth) {
    probe.look();
    if (depth == 0)
        co_return 1;
    auto [below, one] = co_await when_all(nested_all(probe, depth - 1), leaf(probe));
    probe.look();
    co_return below + one;
}

inline task<int> nested_any(test::stack_probe& probe, int depth) {
    probe.look();
    if (depth == 0)
        co_return 1;
    auto first = co_await when_any(nested_any(probe, depth - 1));
    probe.look();
    co_return std::get<0>(first) + 1;
}

inline task<int> many_in_a_group(test::stack_probe& probe, int count) {
    std::vector<task<int>> children;
    for (int i = 0; i < count; ++i)
        children.push_back(leaf(probe));
    const std::vector<int> values = co_await when_all(std::move(children));
    co_return static_cast<int>(values.size());
}

}  // namespace deep
}  // namespace
}  // namespace spargio

#define SPARGIO_DEEP_CHAIN_TESTS(suite)                                                            \
    namespace spargio {                                                                            \
    namespace {                                                                                    \
    TEST(suite, MillionReadyAwaitsInARow) {                                                        \
        test::stack_probe probe;                                                                   \
        EXPECT_EQ(test::run(deep::in_a_row(probe, deep::awaits_in_a_row)), deep::awaits_in_a_row); \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    TEST(suite, MillionNestedCalls) {                                                              \
        test::stack_probe probe;                                                                   \
        EXPECT_EQ(test::run(deep::nested(probe, deep::nested_depth)), deep::nested_depth + 1);     \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    TEST(suite, ExceptionThroughNestedCalls) {                                                     \
        test::stack_probe probe;                                                                   \
        EXPECT_THROW(test::run(deep::nested_throwing(probe, 10'000)), int);                        \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    TEST(suite, NestedWhenAll) {                                                                   \
        test::stack_probe probe;                                                                   \
        EXPECT_EQ(test::run(deep::nested_all(probe, deep::group_depth)), deep::group_depth + 1);   \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    TEST(suite, NestedWhenAny) {                                                                   \
        test::stack_probe probe;                                                                   \
        EXPECT_EQ(test::run(deep::nested_any(probe, deep::group_depth)), deep::group_depth + 1);   \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    TEST(suite, ManyChildrenInAGroup) {                                                            \
        test::stack_probe probe;                                                                   \
        EXPECT_EQ(test::run(deep::many_in_a_group(probe, 100'000)), 100'000);                      \
        EXPECT_LT(probe.bytes(), test::stack_allowed);                                             \
    }                                                                                              \
    }                                                                                              \
    }
