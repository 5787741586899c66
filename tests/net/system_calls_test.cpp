// How often the kernel is entered.

#include <gtest/gtest.h>

#include "net_steps.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::net_test {
namespace {

/// All of them: data goes through no others.
std::uint64_t system_calls() {
    const shard_stats stats = this_runtime().stats(0);
    return stats.kernel_entries + stats.attempts_succeeded + stats.attempts_in_vain;
}

task<void> ask(tcp_stream& stream, unsigned times) {
    std::array<std::byte, 64> frame{};
    for (unsigned i = 0; i < times; ++i) {
        value_or_throw(co_await stream.write_all(frame));
        value_or_throw(co_await stream.read_exact(frame));
    }
}

/// One shard is both ends of 64 connections: what is ready at a time goes to the kernel as one.
/// \return calls an echo, of both ends together
task<double> calls_under_load() {
    constexpr unsigned connections = 64;
    constexpr unsigned echoes = 200;
    std::vector<tcp_stream> clients;
    for (unsigned i = 0; i < connections; ++i) {
        two_ends ends = co_await connection();
        clients.push_back(std::move(ends.client));
        value_or_throw(this_shard::spawn(echo(std::move(ends.server), 64))).detach();
    }
    const auto round = [&clients](unsigned times) -> task<void> {
        std::vector<task<void>> all;
        for (tcp_stream& each : clients)
            all.push_back(ask(each, times));
        co_await when_all(std::move(all));
    };
    co_await round(10);
    const std::uint64_t before = system_calls();
    co_await round(echoes);
    const std::uint64_t calls = system_calls() - before;
    ::testing::Test::RecordProperty("calls", static_cast<int>(calls));
    for (tcp_stream& each : clients)
        value_or_throw(co_await each.close());
    co_return static_cast<double>(calls) / (connections * echoes);
}

TEST(SystemCalls, AnEchoUnderLoadTakesLessThanATenthOfOne) {
    EXPECT_LE(run_with(runtime_builder().shards(1), calls_under_load), 0.1);
}

}  // namespace
}  // namespace spargio::net_test
