// Peers that are slow, and address families this machine has not.

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>

#include "child_steps.hpp"
#include "net_steps.hpp"
#include "refused_calls.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::net_test {
namespace {

/// One byte at a time, each when the reader waits.
task<void> write_slowly(tcp_stream stream, std::span<const std::byte> bytes) {
    for (const std::byte& each : bytes) {
        for (int turns = 0; turns < 3; ++turns)
            co_await yield();
        value_or_throw(co_await stream.write_all({&each, 1}));
    }
    value_or_throw(co_await stream.shutdown(shutdown_how::write));
}

TEST(PeerFaults, ASlowWriterIsWaitedForByteByByte) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        const auto bytes = pattern(500, 1);
        auto writing =
            value_or_throw(this_shard::spawn(write_slowly(std::move(ends.client), bytes)));
        std::vector<std::byte> all(bytes.size());
        value_or_throw(co_await ends.server.read_exact(all));
        EXPECT_EQ(all, bytes);
        EXPECT_EQ(value_or_throw(co_await ends.server.read_some(all)), 0u);
        co_await std::move(writing);
    });
}

/// A reader that lets the window close: the writer waits, and goes on where it was.
TEST(PeerFaults, AClosedWindowKeepsTheWriterWaitingAndLosesNothing) {
    on_shards(1, []() -> task<void> {
        auto pair = value_or_throw(testing::socket_pair::tcp(8192));
        tcp_stream writer = value_or_throw(tcp_stream::from_fd(pair.release_first()));
        tcp_stream reader = value_or_throw(tcp_stream::from_fd(pair.release_second()));
        const auto bytes = pattern(400'000, 2);
        auto writing = value_or_throw(this_shard::spawn(send_to_end(writer, bytes)));
        running_sum sum;
        std::vector<std::byte> some(20'000);
        for (int round = 0; round < 4; ++round) {
            // The buffers on the way are full long before.
            for (int turns = 0; turns < 200; ++turns)
                co_await yield();
            EXPECT_FALSE(writing.is_done());
            value_or_throw(co_await reader.read_exact(some));
            sum.add(some);
        }
        for (bool more = true; more;) {
            const auto count = value_or_throw(co_await reader.read_some(some));
            sum.add(std::span(some).first(count));
            more = count != 0;
        }
        EXPECT_EQ(sum, sum_of(bytes));
        co_await std::move(writing);
    });
}

void use_a_family_that_is_missing() {
    refuse({SYS_socket, 0, {AF_INET6}, EAFNOSUPPORT});
    on_shards(1, []() -> task<void> {
        constexpr auto expected = std::errc::address_family_not_supported;
        const std::size_t before = open_descriptors();
        const auto six = value_or_throw(socket_address::parse("[::1]:9"));
        EXPECT_EQ(tcp_listener::bind(six).error(), expected);
        EXPECT_EQ(udp_socket::bind(six).error(), expected);
        EXPECT_EQ(udp_socket::open_for(six).error(), expected);
        const auto connected = co_await tcp_stream::connect(six);
        EXPECT_EQ(connected.error(), expected);
        // What there is goes on.
        co_await connection();
        EXPECT_EQ(open_descriptors(), before);
    });
}

using MissingFamily = ProcessLimits;

TEST_F(MissingFamily, IsSaidAtOnceAndLeavesNothing) {
    EXPECT_CHILD_SUCCEEDS(use_a_family_that_is_missing);
}

}  // namespace
}  // namespace spargio::net_test
