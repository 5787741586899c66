// An echo in steady state takes nothing from the global allocator.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "net_steps.hpp"
#include "spargio/core/frame_recycler.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SPARGIO_TEST_NO_COUNTING
#elif __has_feature(address_sanitizer)
#define SPARGIO_TEST_NO_RECYCLING
#endif
#endif

namespace {
std::atomic<std::size_t> allocations = 0;
}

// Thread sanitizer brings an operator new of its own, which no program can replace.
#ifndef SPARGIO_TEST_NO_COUNTING
void* operator new(std::size_t bytes) {
    ++allocations;
    if (void* block = std::malloc(bytes == 0 ? 1 : bytes))
        return block;
    throw std::bad_alloc();
}
// Inlined, g++ would see free() beside a new it knows nothing of.
[[gnu::noinline]] void operator delete(void* block) noexcept {
    std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
    std::free(block);
}
#endif

namespace spargio::net_test {
namespace {

task<void> echo_one(tcp_stream& from, tcp_stream& to, std::span<std::byte> buffer) {
    value_or_throw(co_await from.write_all(buffer));
    value_or_throw(co_await to.read_exact(buffer));
    value_or_throw(co_await to.write_all(buffer));
    value_or_throw(co_await from.read_exact(buffer));
}

task<void> echo_many(bool attempt_first) {
    two_ends ends = co_await connection();
    std::array<std::byte, 256> buffer{};
    const shard_stats start = this_runtime().stats(0);
    for (int i = 0; i < 50; ++i)
        co_await echo_one(ends.client, ends.server, buffer);
    const std::size_t before = allocations;
    const std::size_t frames_before = detail::frames_from_global_allocator();
    for (int i = 0; i < 500; ++i)
        co_await echo_one(ends.client, ends.server, buffer);
    EXPECT_EQ(allocations - before, 0u);
    EXPECT_EQ(detail::frames_from_global_allocator() - frames_before, 0u);
    const shard_stats end = this_runtime().stats(0);
    if (!attempt_first) {
        EXPECT_EQ(end.attempts_succeeded, start.attempts_succeeded);
        EXPECT_GE(end.completions - start.completions, 2200u);
    }
}

TEST(EchoAllocation, NoneInSteadyState) {
#ifdef SPARGIO_TEST_NO_RECYCLING
    GTEST_SKIP() << "address sanitizer sees each frame come from the global allocator";
#endif
    on_shards(1, [] { return echo_many(true); });
}

TEST(EchoAllocation, NoneInSteadyStateThroughTheRing) {
#ifdef SPARGIO_TEST_NO_RECYCLING
    GTEST_SKIP() << "address sanitizer sees each frame come from the global allocator";
#endif
    run_with(shards(1).disable(feature::attempt_first), [] { return echo_many(false); });
}

}  // namespace
}  // namespace spargio::net_test
