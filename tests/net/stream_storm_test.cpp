// When what streams live on runs out: descriptors, buffers, numbers that are not in use.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "child_steps.hpp"
#include "spargio/core/pause.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/testing/random_source.hpp"
#include "stream_steps.hpp"

namespace spargio::net_test {
namespace {

// --- no descriptors ------------------------------------------------------------------------------

constexpr unsigned clients = 60;
constexpr unsigned room = 8;

/// Tells the client its own number, and ends when it does.
task<unsigned> give_back(tcp_stream stream) {
    std::array<std::byte, 1> number;
    value_or_throw(co_await stream.read_exact(number));
    value_or_throw(co_await stream.write_all(number));
    std::array<std::byte, 1> end;
    EXPECT_EQ(value_or_throw(co_await stream.read_some(end)), 0u);
    value_or_throw(co_await stream.close());
    co_return std::to_integer<unsigned>(number[0]);
}
task<void> be_given_back(tcp_stream stream, std::byte number) {
    value_or_throw(co_await stream.write_all({&number, 1}));
    std::array<std::byte, 1> same;
    value_or_throw(co_await stream.read_exact(same));
    EXPECT_EQ(same[0], number);
    value_or_throw(co_await stream.close());
}

struct storm_counts {
    std::vector<unsigned> served;
    unsigned refused = 0;
};

/// Past the limit it lets the oldest session end first.
task<void> serve_all(tcp_listener& listener, storm_counts& counts) {
    auto accepted = value_or_throw(listener.accept_many());
    std::deque<join_handle<unsigned>> sessions;
    while (counts.served.size() + sessions.size() < clients) {
        auto next = co_await accepted.next();
        if (next) {
            sessions.push_back(value_or_throw(std::move(*next).spawn_on_session(give_back)));
            continue;
        }
        EXPECT_EQ(next.error(), std::errc::too_many_files_open);
        ++counts.refused;
        if (sessions.empty()) {
            co_await yield();
            continue;
        }
        counts.served.push_back(co_await std::move(sessions.front()));
        sessions.pop_front();
    }
    for (auto& each : sessions)
        counts.served.push_back(co_await std::move(each));
}

void accept_many_past_the_descriptor_limit() {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4();
        std::vector<tcp_stream> connected;
        for (unsigned i = 0; i < clients; ++i)
            connected.push_back(value_or_throw(co_await tcp_stream::connect(address_of(listener))));
        limit_descriptors(room);
        storm_counts counts;
        auto serving = value_or_throw(this_shard::spawn(serve_all(listener, counts)));
        // No client leaves before the limit was met.
        while (counts.refused == 0)
            co_await yield();
        std::vector<task<void>> peers;
        for (unsigned i = 0; i < clients; ++i)
            peers.push_back(be_given_back(std::move(connected[i]), static_cast<std::byte>(i)));
        co_await when_all(std::move(peers));
        co_await std::move(serving);
        std::ranges::sort(counts.served);
        for (unsigned i = 0; i < clients; ++i)
            EXPECT_EQ(counts.served[i], i) << "a connection was lost, or came twice";
        // One refusal for each session that has to end first: no spinning.
        EXPECT_LE(counts.refused, clients);
    });
}

TEST_F(DescriptorLimit, AnAcceptStreamGoesOnAfterTheDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(accept_many_past_the_descriptor_limit);
}

// --- no buffers ----------------------------------------------------------------------------------

/// All buffers but one are held again and again, in every order.
TEST(DatagramStreamStorm, WithoutBuffersNoneIsLostAndTheOrderIsKept) {
    with_ledger(small_buffers(1), []() -> task<void> {
        constexpr unsigned datagrams = 600;
        auto receiver = value_or_throw(udp_socket::bind(socket_address::loopback_v4(0)));
        auto sender = value_or_throw(udp_socket::open_for(socket_address::loopback_v4(0)));
        value_or_throw(sender.connect(value_or_throw(receiver.local_address())));
        auto stream = value_or_throw(datagram_stream::open(receiver.fd()));
        testing::random_source random(testing::process_seed());
        std::vector<leased_datagram> hoard;
        unsigned sent = 0;
        for (unsigned expected = 0; expected < datagrams; ++expected) {
            // As many as the receive buffer surely holds.
            for (; sent < datagrams && sent < expected + 50; ++sent)
                value_or_throw(co_await sender.send(std::as_bytes(std::span(&sent, 1))));
            hoard.push_back(value_or_throw(co_await stream.next()));
            unsigned number = 0;
            EXPECT_EQ(hoard.back().bytes().size(), sizeof number);
            std::memcpy(&number, hoard.back().bytes().data(), sizeof number);
            EXPECT_EQ(number, expected);
            if (hoard.size() < 15)
                continue;
            for (std::uint64_t left = 1 + random.below(hoard.size()); left > 0; --left) {
                std::swap(hoard[random.below(hoard.size())], hoard.back());
                hoard.pop_back();
            }
        }
    });
}

// --- numbers that are used again -----------------------------------------------------------------

/// Takes some of what comes on a new connection and goes with the request still under way, so that
/// the next connection has the number while the kernel is told.
task<void> reuse_numbers(tcp_listener& listener, unsigned seed) {
    testing::random_source random(seed);
    for (unsigned round = 0; round < 150; ++round) {
        tcp_stream client = value_or_throw(co_await tcp_stream::connect(address_of(listener)));
        tcp_stream server = value_or_throw(co_await listener.accept());
        const auto mark = static_cast<std::byte>(random.below(256));
        const std::vector<std::byte> sent(600, mark);
        auto stream = value_or_throw(receive_stream::open(server.fd()));
        value_or_throw(co_await client.write_all(sent));
        for (std::size_t taken = 0; taken < 300;) {
            const buffer_lease lease = value_or_throw(co_await stream.next());
            EXPECT_FALSE(lease.empty());
            EXPECT_EQ(std::ranges::count(lease.bytes(), mark),
                      static_cast<std::ptrdiff_t>(lease.bytes().size()))
                << "another connection's bytes";
            taken += lease.bytes().size();
        }
    }
}

TEST(ReceiveStreamStorm, AReusedNumberYieldsItsOwnBytes) {
    run_with(small_buffers(2), []() -> task<void> {
        const std::size_t before = open_descriptors();
        {
            std::vector<tcp_listener> listeners;
            for (unsigned i = 0; i < 4; ++i)
                listeners.push_back(listen_v4());
            std::vector<join_handle<void>> storm;
            for (unsigned i = 0; i < 4; ++i)
                storm.push_back(value_or_throw(this_runtime().spawn(
                    placement::pinned(i % 2),
                    reuse_numbers(listeners[i],
                                  static_cast<unsigned>(testing::process_seed()) + i))));
            for (auto& each : storm)
                co_await std::move(each);
        }
        EXPECT_EQ(open_descriptors(), before);
        co_await expect_all_home();
    });
}

// --- the reader goes -----------------------------------------------------------------------------

/// The moment between its last wish and its end differs each time.
task<void> end_each(std::vector<receive_stream> streams) {
    testing::random_source random(testing::process_seed());
    for (receive_stream& each : streams) {
        each.request_end();
        const receive_stream gone = std::move(each);
        for (std::uint64_t pauses = random.below(40); pauses != 0; --pauses)
            detail::pause();
    }
    co_return;
}

/// Its home looks at what was asked for while the reader, on another shard, lets it go.
TEST(ReceiveStreamStorm, AReaderElsewhereMayGoWhileItsLastWishIsHeard) {
    on_shards(2, []() -> task<void> {
        const auto pair = value_or_throw(testing::socket_pair::unix_stream());
        for (int round = 0; round < 200; ++round) {
            std::vector<receive_stream> streams;
            for (int i = 0; i < 500; ++i)
                streams.push_back(value_or_throw(receive_stream::open(pair.first())));
            auto ending = value_or_throw(
                this_runtime().spawn(placement::pinned(1), end_each(std::move(streams))));
            while (!ending.is_done())
                co_await yield();
            co_await std::move(ending);
        }
    });
}

}  // namespace
}  // namespace spargio::net_test
