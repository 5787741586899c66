// An echo in steady state takes nothing from the global allocator.

#include <gtest/gtest.h>

#include "counted_memory.hpp"
#include "net_steps.hpp"
#include "spargio/core/frame_recycler.hpp"

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
    const std::size_t before = allocations();
    const std::size_t frames_before = detail::frames_from_global_allocator();
    for (int i = 0; i < 500; ++i)
        co_await echo_one(ends.client, ends.server, buffer);
    EXPECT_EQ(allocations() - before, 0u);
    EXPECT_EQ(detail::frames_from_global_allocator() - frames_before, 0u);
    const shard_stats end = this_runtime().stats(0);
    if (!attempt_first) {
        EXPECT_EQ(end.attempts_succeeded, start.attempts_succeeded);
        EXPECT_GE(end.completions - start.completions, 2200u);
    }
}

TEST(EchoAllocation, NoneInSteadyState) {
    if (!frames_are_recycled)
        GTEST_SKIP() << "address sanitizer sees each frame come from the global allocator";
    on_shards(1, [] { return echo_many(true); });
}

TEST(EchoAllocation, NoneInSteadyStateThroughTheRing) {
    if (!frames_are_recycled)
        GTEST_SKIP() << "address sanitizer sees each frame come from the global allocator";
    run_with(shards(1).disable(feature::attempt_first), [] { return echo_many(false); });
}

/// Waits for a byte, as the task of an idle connection does, and echoes it.
task<void> echo_bytes(tcp_stream stream) {
    std::array<std::byte, 1> byte;
    for (;;) {
        const auto count = value_or_throw(co_await stream.read_some(byte));
        if (count == 0)
            co_return;
        value_or_throw(co_await stream.write_all(byte));
    }
}

TEST(IdleConnection, TakesLessThanTwoKibibytesOfTheProgramsMemory) {
    if (!frames_are_recycled || !memory_is_counted)
        GTEST_SKIP() << "a sanitizer keeps the memory";
    on_shards(1, []() -> task<void> {
        constexpr std::size_t count = 200;
        std::vector<tcp_stream> clients;
        std::vector<tcp_stream> servers;
        for (std::size_t i = 0; i < count; ++i) {
            two_ends ends = co_await connection();
            clients.push_back(std::move(ends.client));
            servers.push_back(std::move(ends.server));
        }
        const std::size_t before = bytes_in_use();
        for (tcp_stream& stream : servers)
            value_or_throw(std::move(stream).spawn_on_session(echo_bytes)).detach();
        std::array<std::byte, 1> byte{};
        for (tcp_stream& stream : clients) {
            value_or_throw(co_await stream.write_all(byte));
            value_or_throw(co_await stream.read_exact(byte));
        }
        co_await yield();
        const std::size_t each = (bytes_in_use() - before) / count;
        EXPECT_GT(each, 100u) << "what was counted?";
        EXPECT_LE(each, 2048u);
        EXPECT_LE(sizeof(tcp_stream), 32u);
        ::testing::Test::RecordProperty("bytes_a_connection", static_cast<int>(each));
        for (tcp_stream& stream : clients)
            value_or_throw(co_await stream.close());
    });
}

}  // namespace
}  // namespace spargio::net_test
