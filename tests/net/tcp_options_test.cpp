// What can be set on a TCP connection and its listener, and read back.

#include <netinet/in.h>
#include <sys/socket.h>

#include "net_steps.hpp"

namespace spargio::net_test {
namespace {

using std::chrono::seconds;

TEST(TcpOptions, KeepAliveIsOffUntilItIsSet) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        EXPECT_FALSE(value_or_throw(ends.client.keep_alive_settings()));
        const keep_alive wanted{.idle = seconds(7), .interval = seconds(3), .questions = 2};
        value_or_throw(ends.client.set_keep_alive(wanted));
        const auto set = value_or_throw(ends.client.keep_alive_settings());
        EXPECT_EQ(set->idle, seconds(7));
        EXPECT_EQ(set->interval, seconds(3));
        EXPECT_EQ(set->questions, 2u);
        value_or_throw(ends.client.set_keep_alive(std::nullopt));
        EXPECT_FALSE(value_or_throw(ends.client.keep_alive_settings()));
        EXPECT_EQ(ends.client.set_keep_alive(keep_alive{.idle = seconds(0)}).error(),
                  std::errc::invalid_argument);
    });
}

TEST(TcpOptions, LingerOfZeroResetsThePeerAndNoneDoesNot) {
    on_shards(1, []() -> task<void> {
        for (const bool reset : {true, false}) {
            two_ends ends = co_await connection();
            value_or_throw(ends.client.set_linger(seconds(0)));
            if (!reset)
                value_or_throw(ends.client.set_linger(std::nullopt));
            value_or_throw(co_await ends.client.close());
            std::array<std::byte, 1> byte;
            const auto read = co_await ends.server.read_some(byte);
            EXPECT_EQ(read.has_value(), !reset);
            if (!read) {
                EXPECT_EQ(read.error(), std::errc::connection_reset);
            }
        }
    });
}

TEST(TcpOptions, OthersAreSetAndReadBack) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        EXPECT_EQ(ends.client.no_delay(), true);
        value_or_throw(ends.client.set_no_delay(false));
        EXPECT_EQ(ends.client.no_delay(), false);
        value_or_throw(ends.client.set_user_timeout(std::chrono::milliseconds(1500)));
        value_or_throw(ends.client.set_traffic_class(0x10));
        EXPECT_EQ(ends.client.traffic_class(), 0x10);
        value_or_throw(ends.client.set_priority(4));
        value_or_throw(ends.client.set_send_buffer(20'000));
        EXPECT_EQ(ends.client.send_buffer(), 40'000u);
        EXPECT_FALSE(value_or_throw(ends.client.take_error()));
        value_or_throw(co_await ends.client.close());
        EXPECT_EQ(ends.client.set_priority(4).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ(ends.client.set_traffic_class(1).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ(ends.client.take_error().error(), std::errc::bad_file_descriptor);
    });
}

TEST(TcpOptions, ABufferSetOnAListenerIsThatOfItsConnections) {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4({.receive_buffer = 30'000, .send_buffer = 20'000});
        auto [client, server] =
            co_await when_all(tcp_stream::connect(address_of(listener)), listener.accept());
        EXPECT_EQ(value_or_throw(std::move(server)).receive_buffer(), 60'000u);
        EXPECT_TRUE(client);
    });
}

TEST(TcpOptions, AListenerOfVersionSixTakesVersionFourUnlessToldNotTo) {
    on_shards(1, []() -> task<void> {
        for (const bool only : {false, true}) {
            auto listener =
                value_or_throw(tcp_listener::bind(socket_address::any_v6(0), {.v6_only = only}));
            const auto target = socket_address::loopback_v4(address_of(listener).port());
            const auto connected = co_await tcp_stream::connect(target);
            EXPECT_EQ(connected.has_value(), !only);
        }
    });
}

TEST(TcpOptions, AListenerIsAdoptedWithItsBacklog) {
    on_shards(1, []() -> task<void> {
        tcp_listener first = listen_v4();
        const auto client = value_or_throw(co_await tcp_stream::connect(address_of(first)));
        tcp_listener adopted = value_or_throw(tcp_listener::from_fd(::dup(first.fd())));
        first.close();
        const auto server = value_or_throw(co_await adopted.accept());
        EXPECT_EQ(server.peer_address(), client.local_address());
    });
}

}  // namespace
}  // namespace spargio::net_test
