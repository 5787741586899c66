// Descriptors that are closed while something waits on them: it goes on with the socket it began
// on, though the number is another one's by then.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "closing_steps.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "stream_steps.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

/// Begins `operation` and sees that it waits.
template <class T>
task<join_handle<T>> begin_waiting(task<T> operation) {
    auto begun = value_or_throw(this_shard::spawn(std::move(operation)));
    co_await some_turns();
    EXPECT_FALSE(begun.is_done());
    co_return begun;
}

/// Fills the way to the peer. \return bytes that lie there
std::size_t fill(const connected_stream& stream) {
    std::size_t filled = 0;
    const auto filler = pattern(65'536, 1);
    for (ssize_t count = 0; count >= 0;) {
        filled += static_cast<std::size_t>(count);
        count = ::send(stream.fd(), filler.data(), filler.size(), MSG_DONTWAIT);
    }
    return filled;
}

TEST(Closing, AWriterThatWaitsWritesToItsOwnConnection) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        const std::size_t filled = fill(ends.second);
        auto writing = co_await begin_waiting([](unix_stream& to) -> task<result<std::size_t>> {
            co_return co_await to.write_some(bytes_of("ours"));
        }(ends.second));
        stream_pair others = co_await close_and_use_again(ends.second);
        EXPECT_EQ((co_await sum_to_end(ends.first, 65'536)).count(), filled + 4);
        EXPECT_EQ((co_await std::move(writing)).value_or(0), 4u);
        value_or_throw(co_await others.first.shutdown(shutdown_how::write));
        EXPECT_EQ((co_await sum_to_end(others.second, 4096)).count(), 0u);
    });
}

TEST(Closing, WhatPromisesAllMakesNoFurtherRequestAndTheNextOneGetsNothing) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        const auto bytes = pattern(4'000'000, 2);
        auto writing = co_await begin_waiting(ends.second.write_all(bytes));
        stream_pair others = co_await close_and_use_again(ends.second);
        EXPECT_LT((co_await sum_to_end(ends.first, 65'536)).count(), bytes.size());
        EXPECT_EQ((co_await std::move(writing)).error(), std::errc::bad_file_descriptor);
        value_or_throw(co_await others.first.shutdown(shutdown_how::write));
        EXPECT_EQ((co_await sum_to_end(others.second, 4096)).count(), 0u);
    });
}

TEST(Closing, AnAcceptThatWaitsTakesItsOwnListenersConnection) {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4();
        const socket_address address = address_of(listener);
        const int number = listener.fd();
        auto accepting = co_await begin_waiting(listener.accept());
        listener.close();
        tcp_listener other = listen_v4();
        EXPECT_EQ(other.fd(), number);
        auto client = value_or_throw(co_await tcp_stream::connect(address));
        const auto accepted = value_or_throw(co_await std::move(accepting));
        EXPECT_EQ(value_or_throw(accepted.local_address()), address);
        // With it went the last to listen.
        const auto refused = co_await tcp_stream::connect(address);
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
    });
}

/// Until `done()`, within turns.
template <class Done>
task<void> expect_soon(Done done) {
    for (int turn = 0; !done() && turn != 10'000; ++turn)
        co_await yield();
    EXPECT_TRUE(done());
}

bool is_bound(const socket_address& address, int type) {
    const descriptor probe(::socket(address.family(), type | SOCK_CLOEXEC, 0));
    return ::bind(probe.get(), address.data(), address.size()) < 0;
}

/// Receives from a socket that is closed meanwhile, and whose number `made` has then.
template <class Socket, class Make>
task<void> receives_its_own(Make make) {
    Socket socket = make("ours");
    const socket_address address = value_or_throw(socket.local_address());
    const int number = socket.fd();
    std::array<std::byte, 16> buffer;
    join_handle<result<received_datagram>> receiving =
        co_await begin_waiting(socket.recv_from(buffer));
    value_or_throw(co_await socket.close());
    Socket other = make("theirs");
    EXPECT_EQ(other.fd(), number);
    Socket sender = make("sender");
    value_or_throw(
        co_await sender.send_to(bytes_of("to them"), value_or_throw(other.local_address())));
    value_or_throw(co_await sender.send_to(bytes_of("to us"), address));
    const auto got = value_or_throw(co_await std::move(receiving));
    EXPECT_EQ(text_of(std::span(buffer).first(got.size)), "to us");
    const auto theirs = value_or_throw(co_await other.recv_from(buffer));
    EXPECT_EQ(text_of(std::span(buffer).first(theirs.size)), "to them");
    co_await expect_soon([&] { return !is_bound(address, SOCK_DGRAM); });
}

TEST(Closing, AReceiveThatWaitsTakesItsOwnSocketsDatagram) {
    on_shards(1, []() -> task<void> {
        co_await receives_its_own<udp_socket>([](const char*) {
            return value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        });
        co_await receives_its_own<unix_datagram>([](const char* name) {
            return value_or_throw(unix_datagram::bind(abstract_address(name)));
        });
    });
}

// --- streams: the socket is closed once they have gone -------------------------------------------

TEST(Closing, AnAcceptStreamThatGoesWhileItWaitsKeepsNoListener) {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4();
        const socket_address address = address_of(listener);
        {
            auto accepted = value_or_throw(listener.accept_many());
            auto waiting =
                co_await begin_waiting([](tcp_accept_stream& from) -> task<result<tcp_stream>> {
                    co_return co_await from.next();
                }(accepted));
            waiting.request_stop();
            EXPECT_EQ((co_await std::move(waiting)).error(), std::errc::operation_canceled);
        }
        listener.close();
        co_await expect_soon([&] { return !is_bound(address, SOCK_STREAM); });
    });
}

TEST(Closing, ADatagramStreamThatGoesWhileItWaitsKeepsNoSocket) {
    on_shards(1, []() -> task<void> {
        auto socket = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        const socket_address address = value_or_throw(socket.local_address());
        {
            auto stream = value_or_throw(datagram_stream::open(socket.fd()));
            auto waiting =
                co_await begin_waiting([](datagram_stream& from) -> task<result<leased_datagram>> {
                    co_return co_await from.next();
                }(stream));
            waiting.request_stop();
            EXPECT_EQ((co_await std::move(waiting)).error(), std::errc::operation_canceled);
        }
        value_or_throw(co_await socket.close());
        co_await expect_soon([&] { return !is_bound(address, SOCK_DGRAM); });
        co_await expect_all_home();
    });
}

}  // namespace
}  // namespace spargio::net_test
