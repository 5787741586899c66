// Datagrams by path and by abstract name.

#include "spargio/net/unix_datagram.hpp"

#include <fcntl.h>

#include <array>
#include <string>

#include "spargio/net/datagram_stream.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

TEST(UnixDatagram, ArrivesWholeByPathAndByAbstractNameAndCanBeAnswered) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        for (const bool by_path : {true, false}) {
            const auto here = by_path ? dir.address("here") : abstract_address("here");
            const auto there = by_path ? dir.address("there") : abstract_address("there");
            unix_datagram one = value_or_throw(unix_datagram::bind(here));
            unix_datagram other = value_or_throw(unix_datagram::bind(there));
            value_or_throw(co_await one.send_to(bytes_of("question"), there));
            std::array<std::byte, 4> buffer;
            const auto got = value_or_throw(co_await other.recv_from(buffer));
            EXPECT_EQ(text_of(buffer), "ques");
            EXPECT_EQ(got.full_size, 8u);
            EXPECT_TRUE(got.truncated());
            EXPECT_EQ(got.info.peer, here);
            value_or_throw(co_await other.send_to(bytes_of("yes"), got.info.peer));
            EXPECT_EQ(value_or_throw(co_await one.recv(buffer)).size, 3u);
        }
    });
}

TEST(UnixDatagram, AnUnboundSenderHasNoName) {
    on_shards(1, []() -> task<void> {
        const auto address = abstract_address("named");
        unix_datagram receiver = value_or_throw(unix_datagram::bind(address));
        unix_datagram sender = value_or_throw(unix_datagram::unbound());
        value_or_throw(sender.connect(address));
        value_or_throw(co_await sender.send(bytes_of("x")));
        std::array<std::byte, 4> buffer;
        const auto got = value_or_throw(co_await receiver.recv_from(buffer));
        EXPECT_EQ(got.size, 1u);
        EXPECT_EQ(got.info.peer, socket_address());
    });
}

TEST(UnixDatagram, APathIsReplacedOnlyWhenItsSocketHasGone) {
    const scratch_directory dir;
    const socket_address address = dir.address("socket");
    constexpr unix_bind_options replacing{.replace_stale = true};
    {
        const auto living = unix_datagram::bind(address);
        ASSERT_TRUE(living);
        EXPECT_EQ(unix_datagram::bind(address, replacing).error(), std::errc::address_in_use);
    }
    EXPECT_EQ(unix_datagram::bind(address).error(), std::errc::address_in_use);
    EXPECT_TRUE(unix_datagram::bind(address, replacing));
    // Nobody receives datagrams from a listener, but it lives.
    const auto listener = unix_listener::bind(address, {.replace_stale = true});
    ASSERT_TRUE(listener);
    EXPECT_EQ(unix_datagram::bind(address, replacing).error(), std::errc::address_in_use);
    ::close(::open(dir.path("file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    EXPECT_EQ(unix_datagram::bind(dir.address("file"), replacing).error(),
              std::errc::address_in_use);
    EXPECT_TRUE(std::filesystem::is_regular_file(dir.path("file")));
}

TEST(UnixDatagram, DescriptorsComeWithTheirDatagram) {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_datagram::pair());
        const std::size_t before = open_descriptors();
        const std::array numbers = {one.fd(), other.fd()};
        value_or_throw(co_await one.send_with_descriptors(bytes_of("0123456789"), numbers));
        std::array<std::byte, 4> buffer;
        {
            const auto got = value_or_throw(co_await other.receive_with_descriptors(buffer, 1));
            EXPECT_EQ(got.size, 4u);
            EXPECT_TRUE(got.truncated);
            EXPECT_EQ(got.descriptors.size(), 1u);
            EXPECT_TRUE(got.descriptors_lost);
            EXPECT_EQ(open_descriptors(), before + 1);
        }
        // Those of a datagram received without them are closed.
        value_or_throw(co_await one.send_with_descriptors(bytes_of("x"), numbers));
        EXPECT_EQ(value_or_throw(co_await other.recv(buffer)).size, 1u);
        EXPECT_EQ(open_descriptors(), before);
    });
}

/// Whatever else is told of a datagram, room for that is none for descriptors.
TEST(UnixDatagram, DescriptorsThatNobodyAskedForAreClosed) {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_datagram::pair());
        const std::array numbers = {one.fd(), other.fd()};
        std::array<std::byte, 4> buffer;
        const std::size_t before = open_descriptors();
        value_or_throw(co_await one.send_with_descriptors(bytes_of("x"), numbers));
        EXPECT_EQ(value_or_throw(co_await other.recv_from(buffer)).size, 1u);
        EXPECT_EQ(open_descriptors(), before);
        auto stream = value_or_throw(datagram_stream::open(other.fd(), datagram_info_bytes));
        for (const char* text : {"taken", "not taken"})
            value_or_throw(co_await one.send_with_descriptors(bytes_of(text), numbers));
        const auto datagram = value_or_throw(co_await stream.next());
        EXPECT_EQ(text_of(datagram.bytes()), "taken");
        EXPECT_EQ(datagram.info().peer, socket_address());
        EXPECT_TRUE(datagram.control().empty());
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(UnixDatagram, ASenderWaitsForAReceiverWhoseQueueIsFull) {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_datagram::pair());
        constexpr unsigned count = 2000;
        auto sending = value_or_throw(this_shard::spawn([](unix_datagram from) -> task<void> {
            for (unsigned i = 0; i < count; ++i)
                value_or_throw(co_await from.send(std::as_bytes(std::span(&i, 1))));
        }(std::move(one))));
        for (int turn = 0; turn < 50; ++turn)
            co_await yield();
        EXPECT_FALSE(sending.is_done());
        for (unsigned i = 0; i < count; ++i) {
            unsigned number = 0;
            value_or_throw(co_await other.recv(std::as_writable_bytes(std::span(&number, 1))));
            EXPECT_EQ(number, i);
        }
        co_await std::move(sending);
    });
}

TEST(UnixDatagram, SaysWhatIsWrongWithAnAddress) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        EXPECT_EQ(unix_datagram::bind(socket_address::loopback_v4(0)).error(),
                  std::errc::address_family_not_supported);
        EXPECT_EQ(unix_datagram::bind(dir.address("no/such")).error(),
                  std::errc::no_such_file_or_directory);
        const auto bound = unix_datagram::bind(dir.address("socket"));
        EXPECT_EQ(unix_datagram::bind(dir.address("socket")).error(), std::errc::address_in_use);
        auto sender = value_or_throw(unix_datagram::unbound());
        EXPECT_EQ((co_await sender.send_to(bytes_of("x"), abstract_address("nobody"))).error(),
                  std::errc::connection_refused);
        EXPECT_EQ(unix_datagram::from_fd(-1).error(), std::errc::bad_file_descriptor);
    });
}

/// A receiver with a full queue, and who sends to it.
struct full_queue {
    explicit full_queue(const char* name)
        : address(abstract_address(name)),
          receiver(value_or_throw(unix_datagram::bind(address))),
          sender(value_or_throw(unix_datagram::unbound())) {
        while (::sendto(sender.fd(), "x", 1, MSG_DONTWAIT, address.data(), address.size()) == 1)
            ++queued;
    }
    /// What comes after those that fill it.
    task<std::string> next() {
        std::array<std::byte, 100> buffer;
        for (; queued != 0; --queued)
            EXPECT_EQ(value_or_throw(co_await receiver.recv(buffer)).size, 1u);
        const auto size = value_or_throw(co_await receiver.recv(buffer)).size;
        co_return std::string(text_of(std::span(buffer).first(size)));
    }
    socket_address address;
    unix_datagram receiver;
    unix_datagram sender;
    unsigned queued = 0;
};

enum class way { connected, to_address, with_descriptors };

task<result<std::size_t>> send_by(way by, unix_datagram& from, const socket_address& to) {
    if (by == way::to_address)
        co_return co_await from.send_to(bytes_of("whole"), to);
    if (auto connected = from.connect(to); !connected)
        co_return failure(connected.error());
    if (by == way::connected)
        co_return co_await from.send(bytes_of("whole"));
    const std::array numbers = {from.fd()};
    co_return co_await from.send_with_descriptors(bytes_of("whole"), numbers);
}

/// Begins to send, and sees that it waits.
task<join_handle<result<std::size_t>>> begin_to_send(full_queue& queue, way by) {
    auto sending = value_or_throw(this_shard::spawn(send_by(by, queue.sender, queue.address)));
    for (int turn = 0; turn != 20; ++turn)
        co_await yield();
    EXPECT_FALSE(sending.is_done());
    co_return sending;
}

constexpr way ways[] = {way::connected, way::to_address, way::with_descriptors};

// The kernel sends an empty one where a request waits for room and is tried again.
TEST(UnixDatagram, OneThatWaitedForRoomArrivesWhole) {
    on_shards(1, []() -> task<void> {
        for (const way by : ways) {
            full_queue queue("full");
            auto sending = co_await begin_to_send(queue, by);
            EXPECT_EQ(co_await queue.next(), "whole");
            EXPECT_EQ((co_await std::move(sending)).value_or(0), 5u);
        }
    });
}

TEST(UnixDatagram, WaitingForRoomEndsWithTheReceiver) {
    on_shards(1, []() -> task<void> {
        for (const way by : ways) {
            full_queue queue("goes");
            auto sending = co_await begin_to_send(queue, by);
            value_or_throw(co_await queue.receiver.close());
            EXPECT_EQ((co_await std::move(sending)).error(), std::errc::connection_refused);
        }
    });
}

TEST(UnixDatagram, OneThatWaitsForRoomGoesNowhereOnceItsSocketIsClosed) {
    on_shards(1, []() -> task<void> {
        for (const way by : ways) {
            full_queue queue("closed");
            auto sending = co_await begin_to_send(queue, by);
            value_or_throw(co_await queue.sender.close());
            // Another socket has its number.
            auto other = value_or_throw(unix_datagram::unbound());
            for (std::byte byte; queue.queued != 0; --queue.queued)
                value_or_throw(co_await queue.receiver.recv(std::span(&byte, 1)));
            EXPECT_EQ((co_await std::move(sending)).error(), std::errc::bad_file_descriptor);
        }
    });
}

TEST(UnixDatagram, AFullQueueOfThePeerKeepsNothingFromAnother) {
    on_shards(1, []() -> task<void> {
        full_queue full("full");
        value_or_throw(full.sender.connect(full.address));
        full_queue other("other");
        auto sending =
            value_or_throw(this_shard::spawn(send_by(way::to_address, full.sender, other.address)));
        EXPECT_EQ(co_await other.next(), "whole");
        EXPECT_EQ((co_await std::move(sending)).value_or(0), 5u);
    });
}

}  // namespace
}  // namespace spargio::net_test
