// Sockets that were made elsewhere and are taken over: with O_NONBLOCK, they wait all the same.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>

#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/net/unix_stream.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

/// A socket that answers EAGAIN instead of waiting, and is passed on to children.
int raw_socket(int family, int type) {
    const int number = ::socket(family, type | SOCK_NONBLOCK, 0);
    EXPECT_GE(number, 0);
    return number;
}

void expect_prepared(int number) {
    EXPECT_EQ(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Adopted, AUnixStreamWaitsReadsAndWrites) {
    on_shards(1, []() -> task<void> {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        auto here = value_or_throw(unix_stream::from_fd(ends[0]));
        auto there = value_or_throw(unix_stream::from_fd(ends[1]));
        expect_prepared(here.fd());
        std::array<std::byte, 8> buffer;
        auto reading = value_or_throw(this_shard::spawn(
            [](unix_stream& from, std::span<std::byte> into) -> task<result<void>> {
                co_return co_await from.read_exact(into);
            }(here, buffer)));
        co_await yield();
        EXPECT_FALSE(reading.is_done());
        value_or_throw(co_await there.write_all(bytes_of("over it ")));
        EXPECT_TRUE(co_await std::move(reading));
        EXPECT_EQ(text_of(buffer), "over it ");
    });
}

/// Takes `number` over, which is bound, waits there, and answers whom it hears.
template <class Socket>
task<void> answer_as(int number) {
    auto adopted = value_or_throw(Socket::from_fd(number));
    expect_prepared(adopted.fd());
    auto answering = value_or_throw(this_shard::spawn([](Socket& socket) -> task<void> {
        std::array<std::byte, 8> buffer;
        const auto got = value_or_throw(co_await socket.recv_from(buffer));
        value_or_throw(co_await socket.send_to(std::span(buffer).first(got.size), got.info.peer));
    }(adopted)));
    co_await yield();
    EXPECT_FALSE(answering.is_done());
    const socket_address address = value_or_throw(adopted.local_address());
    std::optional<Socket> other;
    if constexpr (std::is_same_v<Socket, udp_socket>) {
        other = value_or_throw(udp_socket::open_for(address));
    } else {
        other = value_or_throw(unix_datagram::bind(abstract_address("asks")));
    }
    value_or_throw(co_await other->send_to(bytes_of("echo"), address));
    std::array<std::byte, 8> buffer;
    const auto answer = value_or_throw(co_await other->recv_from(buffer));
    EXPECT_EQ(text_of(std::span(buffer).first(answer.size)), "echo");
    EXPECT_EQ(answer.info.peer, address);
    co_await std::move(answering);
}

int raw_bound(int family, const socket_address& address) {
    const int number = raw_socket(family, SOCK_DGRAM);
    EXPECT_EQ(::bind(number, address.data(), address.size()), 0);
    return number;
}

TEST(Adopted, AUdpSocketWaitsAndAnswers) {
    on_shards(1, [] {
        return answer_as<udp_socket>(raw_bound(AF_INET, socket_address::loopback_v4(0)));
    });
}

TEST(Adopted, AUnixDatagramSocketWaitsAndAnswers) {
    on_shards(1, [] {
        return answer_as<unix_datagram>(raw_bound(AF_UNIX, abstract_address("adopted")));
    });
}

TEST(SocketOptions, TheTrafficClassOfVersionSixIsItsOwn) {
    auto socket = value_or_throw(udp_socket::bind(socket_address::loopback_v6(0)));
    value_or_throw(socket.set_traffic_class(0x88));
    EXPECT_EQ(socket.traffic_class(), 0x88);
    int byte = 0;
    ::socklen_t size = sizeof byte;
    EXPECT_EQ(::getsockopt(socket.fd(), IPPROTO_IPV6, IPV6_TCLASS, &byte, &size), 0);
    EXPECT_EQ(byte, 0x88);
}

TEST(SocketOptions, AnErrorThatNobodyWasToldIsTakenOnce) {
    on_shards(1, []() -> task<void> {
        auto gone = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        auto sender = value_or_throw(udp_socket::open_for(socket_address::loopback_v4(0)));
        value_or_throw(sender.connect(value_or_throw(gone.local_address())));
        value_or_throw(co_await gone.close());
        value_or_throw(co_await sender.send(bytes_of("to nobody")));
        EXPECT_EQ(value_or_throw(sender.take_error()), std::errc::connection_refused);
        EXPECT_FALSE(value_or_throw(sender.take_error()));
    });
}

TEST(SocketOptions, OfBindAreSetBeforeTheFirstByte) {
    const auto any = value_or_throw(socket_address::parse("[::]:0"));
    auto socket = value_or_throw(udp_socket::bind(
        any,
        {.reuse_port = true, .v6_only = true, .receive_buffer = 30'000, .send_buffer = 20'000}));
    EXPECT_EQ(socket.receive_buffer(), 60'000u);
    EXPECT_EQ(socket.send_buffer(), 40'000u);
    const auto option = [&](int level, int name) {
        int value = -1;
        ::socklen_t size = sizeof value;
        EXPECT_EQ(::getsockopt(socket.fd(), level, name, &value, &size), 0);
        return value;
    };
    EXPECT_EQ(option(SOL_SOCKET, SO_REUSEPORT), 1);
    EXPECT_EQ(option(SOL_SOCKET, SO_REUSEADDR), 0);
    EXPECT_EQ(option(IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(SocketOptions, LingerIsSetAndTakenBack) {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_stream::pair());
        const auto linger = [&] {
            ::linger value{};
            ::socklen_t size = sizeof value;
            EXPECT_EQ(::getsockopt(one.fd(), SOL_SOCKET, SO_LINGER, &value, &size), 0);
            return value;
        };
        EXPECT_EQ(linger().l_onoff, 0);
        value_or_throw(one.set_linger(std::chrono::seconds(7)));
        EXPECT_EQ(linger().l_onoff, 1);
        EXPECT_EQ(linger().l_linger, 7);
        value_or_throw(one.set_linger(std::nullopt));
        EXPECT_EQ(linger().l_onoff, 0);
        co_return;
    });
}

TEST(SessionPolicy, OfUnixConnectionsAndOfConnectsInTurn) {
    on_shards(2, []() -> task<void> {
        const auto address = abstract_address("policies");
        auto listener = value_or_throw(unix_listener::bind(address));
        unsigned homed[2] = {};
        for (unsigned shard = 0; shard < 2; ++shard) {
            const auto policy = session_policy::fixed(shard);
            auto client = value_or_throw(
                co_await unix_stream::connect(address, session_policy::round_robin()));
            auto server = value_or_throw(co_await listener.accept(policy));
            EXPECT_EQ(server.session_shard(), shard);
            ++homed[client.session_shard()];
            auto session = value_or_throw(std::move(server).spawn_on_session(
                [](unix_stream) -> task<unsigned> { co_return this_shard::id(); }));
            EXPECT_EQ(co_await std::move(session), shard);
        }
        EXPECT_EQ(homed[0], 1u);
        EXPECT_EQ(homed[1], 1u);
        const auto refused = co_await listener.accept(session_policy::fixed(2));
        EXPECT_EQ(refused.error(), errc::no_such_shard);
    });
}

}  // namespace
}  // namespace spargio::net_test
