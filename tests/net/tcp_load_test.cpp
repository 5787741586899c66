// Many connections, many operations, and buffers too small for what is sent.

#include <gtest/gtest.h>

#include "net_steps.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::net_test {
namespace {

task<std::size_t> write_in_pieces(tcp_stream& stream, std::span<const std::byte> bytes) {
    std::size_t short_writes = 0;
    while (!bytes.empty()) {
        const auto count = value_or_throw(co_await stream.write_some(bytes));
        short_writes += count < bytes.size() ? 1 : 0;
        bytes = bytes.subspan(count);
    }
    value_or_throw(co_await stream.shutdown(shutdown_how::write));
    co_return short_writes;
}

TEST(TcpLoad, ASlowReaderGetsEveryByteThroughTinyBuffers) {
    on_shards(1, []() -> task<void> {
        auto pair = value_or_throw(testing::socket_pair::tcp(4096));
        tcp_stream writer = value_or_throw(tcp_stream::from_fd(pair.release_first()));
        tcp_stream reader = value_or_throw(tcp_stream::from_fd(pair.release_second()));
        const auto bytes = pattern(300'000, 3);
        auto [short_writes, sum] =
            co_await when_all(write_in_pieces(writer, bytes), sum_to_end(reader, 97));
        EXPECT_EQ(sum, sum_of(bytes));
        EXPECT_GT(short_writes, 0u) << "the buffers were not tiny enough to show anything";
    });
}

task<void> sum_check(tcp_stream stream, std::size_t size, std::uint64_t seed) {
    const auto bytes = pattern(size, seed);
    auto sending = value_or_throw(this_shard::spawn(send_to_end(stream, bytes)));
    EXPECT_EQ(co_await sum_to_end(stream, 1777), sum_of(bytes));
    co_await std::move(sending);
}

task<void> accept_echoes(tcp_listener& listener, unsigned count, session_policy policy) {
    std::vector<join_handle<void>> sessions;
    while (sessions.size() < count) {
        auto accepted = value_or_throw(co_await listener.accept(policy));
        sessions.push_back(value_or_throw(
            std::move(accepted).spawn_on_session([](tcp_stream s) { return echo(std::move(s)); })));
    }
    for (auto& session : sessions)
        co_await std::move(session);
}

task<void> connect_and_check(socket_address address, unsigned number) {
    auto stream = value_or_throw(co_await tcp_stream::connect(address));
    co_await sum_check(std::move(stream), 20'000 + 1000 * number, number);
}

TEST(TcpLoad, SixtyFourStreamsOnTwoShardsKeepTheirBytesApart) {
    on_shards(2, []() -> task<void> {
        constexpr unsigned streams = 64;
        const std::size_t before = open_descriptors();
        {
            tcp_listener listener = listen_v4();
            auto server = value_or_throw(
                this_shard::spawn(accept_echoes(listener, streams, session_policy::round_robin())));
            std::vector<join_handle<void>> clients;
            for (unsigned number = 0; number < streams; ++number)
                clients.push_back(value_or_throw(
                    this_runtime().spawn(placement::pinned(number / 2 % 2),
                                         connect_and_check(address_of(listener), number))));
            for (auto& client : clients)
                co_await std::move(client);
            co_await std::move(server);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

task<void> ping(tcp_stream& stream, unsigned times) {
    std::array<std::byte, 8> word;
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto sent = std::as_bytes(std::span(&i, 1));
        value_or_throw(co_await stream.write_all(sent));
        value_or_throw(co_await stream.read_exact(word));
        if (!std::ranges::equal(word, sent))
            throw std::runtime_error("echo " + std::to_string(i) + " came back wrong");
    }
    value_or_throw(co_await stream.shutdown(shutdown_how::write));
}

TEST(TcpLoad, AHundredThousandOperationsThroughSixteenEntries) {
    // Thirty-two connections, so that more wants in than the submission queue holds.
    auto built = shards(1).cq_entries(16).build();
    ASSERT_TRUE(built);
    built->block_on([]() -> task<void> {
        constexpr unsigned connections = 32;
        constexpr unsigned operations = 100'000;
        std::vector<two_ends> ends;
        for (unsigned i = 0; i < connections; ++i)
            ends.push_back(co_await connection());
        std::vector<task<void>> both;
        for (two_ends& each : ends) {
            both.push_back(ping(each.client, operations / 4 / connections));
            both.push_back(echo(std::move(each.server)));
        }
        co_await when_all(std::move(both));
    });
    const shard_stats stats = built->stats(0);
    EXPECT_GE(stats.completions + stats.attempts_succeeded, 100'000u);
    EXPECT_EQ(stats.operations_in_flight, 0u);
}

}  // namespace
}  // namespace spargio::net_test
