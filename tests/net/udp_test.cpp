// Datagrams: whole or not at all, and what comes beside them.

#include <gmock/gmock.h>
#include <sys/socket.h>

#include "net_steps.hpp"
#include "spargio/net/udp_socket.hpp"

namespace spargio::net_test {
namespace {

udp_socket bound(const socket_address& address = socket_address::loopback_v4(0)) {
    return value_or_throw(udp_socket::bind(address));
}
socket_address address_of(const udp_socket& socket) {
    return value_or_throw(socket.local_address());
}

TEST(Udp, ADatagramArrivesWholeAndSaysWhereItCameFrom) {
    on_shards(1, []() -> task<void> {
        for (const auto& any : {socket_address::loopback_v4(0), socket_address::loopback_v6(0)}) {
            udp_socket one = bound(any);
            udp_socket other = bound(any);
            for (const std::string_view text : {"hello", "", "again"}) {
                EXPECT_EQ(value_or_throw(co_await one.send_to(bytes_of(text), address_of(other))),
                          text.size());
                std::array<std::byte, 100> buffer;
                const auto got = value_or_throw(co_await other.recv_from(buffer));
                EXPECT_EQ(text_of(std::span(buffer).first(got.size)), text);
                EXPECT_FALSE(got.truncated());
                EXPECT_EQ(got.info.peer, address_of(one));
                EXPECT_FALSE(got.info.ecn);
                EXPECT_EQ(got.info.segment_size, 0u);
            }
        }
    });
}

TEST(Udp, TruncationIsSaidWithTheFullSize) {
    on_shards(1, []() -> task<void> {
        udp_socket one = bound();
        udp_socket other = bound();
        value_or_throw(one.connect(address_of(other)));
        value_or_throw(other.connect(address_of(one)));
        std::array<std::byte, 4> buffer;
        value_or_throw(co_await one.send(bytes_of("0123456789")));
        const auto from = value_or_throw(co_await other.recv_from(buffer));
        EXPECT_EQ(from.size, 4u);
        EXPECT_EQ(from.full_size, 10u);
        EXPECT_TRUE(from.truncated());
        value_or_throw(co_await one.send(bytes_of("abcdefgh")));
        const auto connected = value_or_throw(co_await other.recv(buffer));
        EXPECT_EQ(text_of(buffer), "abcd");
        EXPECT_EQ(connected.full_size, 8u);
        EXPECT_TRUE(connected.truncated());
        // The rest is gone, not next.
        value_or_throw(co_await one.send(bytes_of("ijkl")));
        EXPECT_FALSE(value_or_throw(co_await other.recv(buffer)).truncated());
        EXPECT_EQ(text_of(buffer), "ijkl");
    });
}

TEST(Udp, AConnectedSocketHearsItsPeerOnlyAndOfItsAbsence) {
    on_shards(1, []() -> task<void> {
        udp_socket one = bound();
        udp_socket other = bound();
        udp_socket stranger = bound();
        EXPECT_EQ((co_await one.send(bytes_of("x"))).error(),
                  std::errc::destination_address_required);
        value_or_throw(one.connect(address_of(other)));
        EXPECT_EQ(one.peer_address(), address_of(other));
        value_or_throw(co_await stranger.send_to(bytes_of("stranger"), address_of(one)));
        value_or_throw(co_await other.send_to(bytes_of("peer"), address_of(one)));
        std::array<std::byte, 16> buffer;
        const auto got = value_or_throw(co_await one.recv(buffer));
        EXPECT_EQ(text_of(std::span(buffer).first(got.size)), "peer");
        value_or_throw(co_await other.close());
        value_or_throw(co_await one.send(bytes_of("nobody is there")));
        EXPECT_EQ((co_await one.recv(buffer)).error(), std::errc::connection_refused);
    });
}

TEST(Udp, WhatIsTooLongForADatagramIsRefused) {
    on_shards(1, []() -> task<void> {
        udp_socket one = bound();
        const auto refused = co_await one.send_to(pattern(70'000, 1), address_of(one));
        EXPECT_EQ(refused.error(), std::errc::message_size);
        const auto longest = pattern(udp_socket::most_bytes_at_once, 1);
        EXPECT_EQ(value_or_throw(co_await one.send_to(longest, address_of(one))), longest.size());
        std::vector<std::byte> buffer(longest.size());
        EXPECT_EQ(value_or_throw(co_await one.recv(buffer)).full_size, longest.size());
        EXPECT_EQ(buffer, longest);
    });
}

TEST(Udp, RefusesAddressesOfOtherFamilies) {
    on_shards(1, []() -> task<void> {
        constexpr auto expected = std::errc::address_family_not_supported;
        const auto unix_address = value_or_throw(socket_address::unix_abstract("x"));
        for (const auto& address : {socket_address(), unix_address}) {
            EXPECT_EQ(udp_socket::bind(address).error(), expected);
            EXPECT_EQ(udp_socket::open_for(address).error(), expected);
        }
        udp_socket version_4 = bound();
        const auto v6 = socket_address::loopback_v6(9);
        EXPECT_EQ((co_await version_4.send_to(bytes_of("x"), v6)).error(), expected);
    });
}

TEST(Udp, AnUnboundSocketGetsItsAddressWhenItSends) {
    on_shards(1, []() -> task<void> {
        udp_socket server = bound();
        udp_socket client = value_or_throw(udp_socket::open_for(address_of(server)));
        EXPECT_EQ(address_of(client).port(), 0);
        value_or_throw(co_await client.send_to(bytes_of("x"), address_of(server)));
        EXPECT_NE(address_of(client).port(), 0);
        std::array<std::byte, 1> buffer;
        EXPECT_EQ(value_or_throw(co_await server.recv_from(buffer)).info.peer.port(),
                  address_of(client).port());
    });
}

TEST(Udp, SocketsShareAPortWhenAskedTo) {
    const bind_options shared{.reuse_port = true};
    const auto first = udp_socket::bind(socket_address::loopback_v4(0), shared);
    ASSERT_TRUE(first);
    EXPECT_TRUE(udp_socket::bind(address_of(*first), shared));
    EXPECT_EQ(udp_socket::bind(address_of(*first)).error(), std::errc::address_in_use);
}

TEST(Udp, EcnGoesAlongInBothVersionsAndToMappedAddresses) {
    on_shards(1, []() -> task<void> {
        struct {
            socket_address sender, receiver;
        } const both[] = {
            {socket_address::loopback_v4(0), socket_address::loopback_v4(0)},
            {socket_address::loopback_v6(0), socket_address::loopback_v6(0)},
            {socket_address::any_v6(0), socket_address::loopback_v4(0)},
            {socket_address::loopback_v4(0), socket_address::any_v6(0)},
        };
        for (const auto& each : both) {
            udp_socket one = bound(each.sender);
            udp_socket other = bound(each.receiver);
            value_or_throw(other.set_receive_ecn(true));
            const std::uint16_t port = address_of(other).port();
            const bool mapped = each.sender == socket_address::any_v6(0);
            const auto target =
                mapped ? value_or_throw(socket_address::parse("::ffff:127.0.0.1", port))
                : each.sender.family() == AF_INET6 ? socket_address::loopback_v6(port)
                                                   : socket_address::loopback_v4(port);
            for (const auto mark : {ecn_mark::not_capable, ecn_mark::capable_0, ecn_mark::capable_1,
                                    ecn_mark::congested}) {
                value_or_throw(
                    co_await one.send_message(bytes_of("x"), {.peer = target, .ecn = mark}));
                std::array<std::byte, 8> buffer;
                const auto got = value_or_throw(co_await other.recv_from(buffer));
                EXPECT_EQ(got.info.ecn, mark) << to_string(target);
            }
        }
    });
}

TEST(Udp, AConnectedSocketMarksItsPacketsToo) {
    on_shards(1, []() -> task<void> {
        udp_socket one = bound(socket_address::loopback_v6(0));
        udp_socket other = bound(socket_address::loopback_v6(0));
        value_or_throw(other.set_receive_ecn(true));
        const datagram_info marked{.ecn = ecn_mark::capable_0};
        EXPECT_EQ((co_await one.send_message(bytes_of("x"), marked)).error(),
                  std::errc::destination_address_required);
        value_or_throw(one.connect(address_of(other)));
        value_or_throw(co_await one.send_message(bytes_of("x"), marked));
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await other.recv_from(buffer));
        EXPECT_EQ(got.info.ecn, ecn_mark::capable_0);
    });
}

TEST(Udp, TellsTheAddressItCameToAndLeavesFromTheOneItIsTold) {
    on_shards(1, []() -> task<void> {
        // The whole of 127/8 is this machine's.
        const auto chosen = value_or_throw(socket_address::parse("127.0.0.3:0"));
        udp_socket server = bound(socket_address::any_v4(0));
        udp_socket client = bound(socket_address::any_v4(0));
        value_or_throw(server.set_receive_local(true));
        const std::uint16_t port = address_of(server).port();
        value_or_throw(co_await client.send_to(
            bytes_of("x"), value_or_throw(socket_address::parse("127.0.0.3", port))));
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await server.recv_from(buffer));
        EXPECT_EQ(got.info.local, chosen);
        EXPECT_EQ(got.info.interface, 1u);
        value_or_throw(co_await server.send_message(
            bytes_of("y"), {.peer = got.info.peer, .local = got.info.local}));
        const auto answer = value_or_throw(co_await client.recv_from(buffer));
        EXPECT_EQ(answer.info.peer, value_or_throw(socket_address::parse("127.0.0.3", port)));
    });
}

TEST(Udp, TellsTheAddressOfVersionSixAndOfMappedPackets) {
    on_shards(1, []() -> task<void> {
        udp_socket server = bound(socket_address::any_v6(0));
        value_or_throw(server.set_receive_local(true));
        const std::uint16_t port = address_of(server).port();
        std::array<std::byte, 8> buffer;
        udp_socket six = bound(socket_address::loopback_v6(0));
        value_or_throw(co_await six.send_message(
            bytes_of("x"), {.peer = socket_address::loopback_v6(port), .interface = 1}));
        auto got = value_or_throw(co_await server.recv_from(buffer));
        EXPECT_EQ(got.info.local, socket_address::loopback_v6(0));
        EXPECT_EQ(got.info.interface, 1u);
        udp_socket four = bound();
        value_or_throw(co_await four.send_to(bytes_of("x"), socket_address::loopback_v4(port)));
        got = value_or_throw(co_await server.recv_from(buffer));
        EXPECT_EQ(got.info.local, socket_address::loopback_v4(0));
        // And back through the same socket, from that address.
        value_or_throw(co_await server.send_message(
            bytes_of("y"), {.peer = got.info.peer, .local = got.info.local}));
        const auto answer = value_or_throw(co_await four.recv_from(buffer));
        EXPECT_EQ(answer.info.peer, socket_address::loopback_v4(port));
    });
}

TEST(Udp, OptionsAreSetAndRead) {
    udp_socket socket = bound();
    EXPECT_TRUE(socket.set_broadcast(true));
    EXPECT_TRUE(socket.set_priority(3));
    EXPECT_TRUE(socket.set_traffic_class(0x88));
    EXPECT_EQ(socket.traffic_class(), 0x88);
    EXPECT_TRUE(socket.set_receive_buffer(100'000));
    EXPECT_EQ(socket.receive_buffer(), 200'000u);
    EXPECT_TRUE(socket.set_send_buffer(50'000));
    EXPECT_EQ(socket.send_buffer(), 100'000u);
    EXPECT_FALSE(value_or_throw(socket.take_error()));
    EXPECT_EQ(udp_socket::from_fd(-1).error(), std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace spargio::net_test
