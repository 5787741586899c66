// Datagrams in buffers the kernel chose.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sys/socket.h>

#include <cstring>
#include <set>

#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/timeout.hpp"
#include "stream_steps.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

/// Two UDP sockets on the loopback.
struct datagram_ends {
    datagram_ends() {
        for (descriptor* each : {&receiver, &sender}) {
            each->reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            const auto any = socket_address::loopback_v4(0);
            EXPECT_EQ(::bind(each->get(), any.data(), any.size()), 0);
        }
        const auto to = address_of(receiver);
        EXPECT_EQ(::connect(sender.get(), to.data(), to.size()), 0);
    }
    static socket_address address_of(const descriptor& socket) {
        ::sockaddr_storage native{};
        ::socklen_t size = sizeof native;
        EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<::sockaddr*>(&native), &size), 0);
        return socket_address::from_native(native);
    }
    void send(std::span<const std::byte> bytes) const {
        EXPECT_EQ(::send(sender.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }

    descriptor receiver;
    descriptor sender;
};

TEST(DatagramStream, EachComesWholeWithItsSource) {
    with_ledger(small_buffers(1), []() -> task<void> {
        const datagram_ends ends;
        auto stream = value_or_throw(datagram_stream::open(ends.receiver.get()));
        for (const std::string_view text : {"one", "", "three"}) {
            ends.send(bytes_of(text));
            const auto datagram = value_or_throw(co_await stream.next());
            EXPECT_FALSE(datagram.none());
            EXPECT_EQ(text_of(datagram.bytes()), text);
            EXPECT_EQ(datagram.source(), datagram_ends::address_of(ends.sender));
            EXPECT_FALSE(datagram.truncated());
        }
    });
}

TEST(DatagramStream, OneThatDoesNotFitIsTruncatedAndSaysSo) {
    with_ledger(small_buffers(1), []() -> task<void> {
        const datagram_ends ends;
        auto stream = value_or_throw(datagram_stream::open(ends.receiver.get()));
        const auto sent = pattern(200, 1);
        for (int round = 0; round < 3; ++round) {
            ends.send(sent);
            const auto datagram = value_or_throw(co_await stream.next());
            EXPECT_TRUE(datagram.truncated());
            EXPECT_EQ(datagram.full_size(), sent.size());
            EXPECT_EQ(datagram.bytes().size(), 256u - 144);
            EXPECT_TRUE(std::ranges::equal(datagram.bytes(),
                                           std::span(sent).first(datagram.bytes().size())));
        }
    });
}

/// Many in one burst, through fewer buffers than there are datagrams.
TEST(DatagramStream, ABurstIsReceivedInOrder) {
    with_ledger(small_buffers(1), []() -> task<void> {
        const datagram_ends ends;
        auto stream = value_or_throw(datagram_stream::open(ends.receiver.get()));
        for (unsigned burst = 0; burst < 5; ++burst) {
            for (unsigned number = 0; number < 50; ++number)
                ends.send(std::as_bytes(std::span(&number, 1)));
            for (unsigned expected = 0; expected < 50; ++expected) {
                const auto datagram = value_or_throw(co_await stream.next());
                unsigned number = 0;
                EXPECT_EQ(datagram.bytes().size(), sizeof number);
                std::memcpy(&number, datagram.bytes().data(), sizeof number);
                EXPECT_EQ(number, expected);
            }
        }
    });
}

TEST(DatagramStream, ControlMessagesComeAlong) {
    with_ledger(shards(1), []() -> task<void> {
        const datagram_ends ends;
        const int on = 1;
        const int mark = 2;
        EXPECT_EQ(::setsockopt(ends.receiver.get(), IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
        EXPECT_EQ(::setsockopt(ends.sender.get(), IPPROTO_IP, IP_TOS, &mark, sizeof mark), 0);
        auto stream = value_or_throw(datagram_stream::open(ends.receiver.get(), 64));
        ends.send(bytes_of("marked"));
        const auto datagram = value_or_throw(co_await stream.next());
        EXPECT_EQ(text_of(datagram.bytes()), "marked");
        EXPECT_EQ(datagram.info().ecn, ecn_mark::capable_0);
        EXPECT_EQ(datagram.info().peer, datagram_ends::address_of(ends.sender));
        ::msghdr message{};
        message.msg_control = datagram.control().data();
        message.msg_controllen = datagram.control().size();
        const ::cmsghdr* first = CMSG_FIRSTHDR(&message);
        EXPECT_NE(first, nullptr);
        if (first != nullptr) {
            EXPECT_EQ(first->cmsg_type, IP_TOS);
            EXPECT_EQ(*CMSG_DATA(first), mark);
        }
    });
}

TEST(DatagramStream, MarksAndAddressesOfVersionSixAndOfMappedPacketsComeAlong) {
    with_ledger(shards(1), []() -> task<void> {
        auto server = value_or_throw(udp_socket::bind(socket_address::any_v6(0)));
        value_or_throw(server.set_receive_ecn(true));
        value_or_throw(server.set_receive_local(true));
        const std::uint16_t port = value_or_throw(server.local_address()).port();
        auto stream = value_or_throw(datagram_stream::open(server.fd(), datagram_info_bytes));
        for (const auto& [own, target] :
             {std::pair{socket_address::loopback_v6(0), socket_address::loopback_v6(port)},
              std::pair{socket_address::loopback_v4(0), socket_address::loopback_v4(port)}}) {
            auto client = value_or_throw(udp_socket::bind(own));
            for (const auto mark : {ecn_mark::capable_1, ecn_mark::congested}) {
                value_or_throw(
                    co_await client.send_message(bytes_of("x"), {.peer = target, .ecn = mark}));
                const auto datagram = value_or_throw(co_await stream.next());
                EXPECT_EQ(datagram.info().ecn, mark) << to_string(target);
                EXPECT_EQ(datagram.info().local, own);
                EXPECT_EQ(datagram.info().peer.port(),
                          value_or_throw(client.local_address()).port());
            }
        }
    });
}

/// As many receives as sends, and every datagram in them can be told.
TEST(DatagramStream, DatagramsInARowComeAsOneWhereTheSocketAllowsIt) {
    with_ledger(shards(1).receive_buffers({.count = 16, .size = 16'384}), []() -> task<void> {
        auto receiver = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        auto sender = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        value_or_throw(sender.connect(value_or_throw(receiver.local_address())));
        value_or_throw(receiver.set_receive_coalesced(true));
        auto stream = value_or_throw(datagram_stream::open(receiver.fd(), datagram_info_bytes));
        const auto bytes = pattern(10 * 1200 - 7, 1);
        for (int round = 0; round < 3; ++round) {
            value_or_throw(co_await sender.send_message(bytes, {.segment_size = 1200}));
            const auto together = value_or_throw(co_await stream.next());
            EXPECT_TRUE(std::ranges::equal(together.bytes(), bytes));
            EXPECT_EQ(together.info().segment_size, 1200u);
            EXPECT_EQ(together.info().peer, value_or_throw(sender.local_address()));
        }
        value_or_throw(co_await sender.send(std::span(bytes).first(1200)));
        EXPECT_EQ(value_or_throw(co_await stream.next()).info().segment_size, 0u)
            << "one is not several";
    });
}

TEST(DatagramStream, AnAbstractNameIsToldAsLongAsItIs) {
    with_ledger(small_buffers(1), []() -> task<void> {
        auto receiver = value_or_throw(unix_datagram::bind(abstract_address("leases")));
        auto sender = value_or_throw(unix_datagram::bind(abstract_address("sender")));
        auto stream = value_or_throw(datagram_stream::open(receiver.fd()));
        value_or_throw(co_await sender.send_to(bytes_of("question"), abstract_address("leases")));
        const auto question = value_or_throw(co_await stream.next());
        EXPECT_EQ(question.source(), abstract_address("sender"));
        value_or_throw(co_await receiver.send_to(bytes_of("answer"), question.source()));
    });
}

TEST(DatagramStream, AWaitThatTimesOutTakesNone) {
    with_ledger(shards(1), []() -> task<void> {
        const datagram_ends ends;
        auto stream = value_or_throw(datagram_stream::open(ends.receiver.get()));
        const auto none =
            co_await timeout(std::chrono::milliseconds(1),
                             [](datagram_stream& from) -> task<result<leased_datagram>> {
                                 co_return co_await from.next();
                             }(stream));
        EXPECT_EQ(none.error(), std::errc::timed_out);
        ends.send(bytes_of("later"));
        EXPECT_EQ(text_of(value_or_throw(co_await stream.next()).bytes()), "later");
        stream.request_end();
        EXPECT_TRUE(value_or_throw(co_await stream.next()).none());
    });
}

TEST(DatagramStream, BuffersThatAreTooSmallAreRefused) {
    with_ledger(small_buffers(1), []() -> task<void> {
        const datagram_ends ends;
        EXPECT_EQ(datagram_stream::open(ends.receiver.get(), 200).error(),
                  std::errc::no_buffer_space);
        co_return;
    });
}

}  // namespace
}  // namespace spargio::net_test
