// What needs a process of its own: signal dispositions and descriptor limits.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csignal>
#include <cstdlib>

#include "child_steps.hpp"
#include "net_steps.hpp"
#include "spargio/net/send_file.hpp"
#include "spargio/net/unix_stream.hpp"

namespace spargio::net_test {
namespace {

void write_to_a_closed_peer() {
    ::signal(SIGPIPE, SIG_DFL);
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        value_or_throw(co_await ends.server.close());
        const auto bytes = pattern(1000, 1);
        result<std::size_t> written = 0;
        // The first goes out and brings the reset; one of the next meets it. Both ways of sending.
        for (int i = 0; i < 4; ++i)
            written = co_await ends.client.write_some(bytes);
        EXPECT_FALSE(written);
        EXPECT_EQ(written.error(), std::errc::broken_pipe);
    });
}
void write_to_a_closed_peer_through_the_ring() {
    ::setenv("SPARGIO_DISABLE", "attempt_first", 1);
    write_to_a_closed_peer();
}

TEST_F(ProcessLimits, WritingToAClosedPeerRaisesNoSigpipe) {
    EXPECT_CHILD_SUCCEEDS(write_to_a_closed_peer);
    EXPECT_CHILD_SUCCEEDS(write_to_a_closed_peer_through_the_ring);
}

void send_a_file_to_a_closed_peer() {
    ::signal(SIGPIPE, SIG_DFL);
    on_shards(1, []() -> task<void> {
        const auto bytes = pattern(100'000, 1);
        const fs::file file = fs::file::from_fd(::memfd_create("spargio", MFD_CLOEXEC));
        EXPECT_EQ(::write(file.fd(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
        auto [one, other] = value_or_throw(unix_stream::pair());
        value_or_throw(co_await other.close());
        const auto done = co_await send_file(one, file);
        EXPECT_EQ(done.error, std::errc::broken_pipe);
        const std::array pieces = {std::span<const std::byte>(bytes)};
        const auto sent = co_await one.send_all_batch(pieces);
        EXPECT_EQ(sent.error(), std::errc::broken_pipe);
    });
}

TEST_F(ProcessLimits, SendingAFileToAClosedPeerRaisesNoSigpipe) {
    EXPECT_CHILD_SUCCEEDS(send_a_file_to_a_closed_peer);
}

constexpr unsigned clients = 40;
constexpr unsigned room = 24;  // descriptors; 40 connections need 80

struct accept_counts {
    unsigned accepted = 0;
    unsigned refused = 0;
};

task<void> greet(tcp_stream stream) {
    value_or_throw(co_await stream.write_all(bytes_of("hi")));
    std::array<std::byte, 1> end;
    EXPECT_EQ(value_or_throw(co_await stream.read_some(end)), 0u);
    value_or_throw(co_await stream.close());
}

/// Accepts all; past the limit it lets the oldest session end first.
task<void> accept_with_backoff(tcp_listener& listener, accept_counts& counts) {
    std::vector<join_handle<void>> sessions;
    while (counts.accepted < clients) {
        auto accepted = co_await listener.accept();
        if (accepted) {
            ++counts.accepted;
            sessions.push_back(value_or_throw(std::move(*accepted).spawn_on_session(greet)));
            continue;
        }
        EXPECT_EQ(accepted.error(), std::errc::too_many_files_open);
        ++counts.refused;
        if (!sessions.empty()) {
            co_await std::move(sessions.front());
            sessions.erase(sessions.begin());
        } else {
            co_await yield();
        }
    }
    for (auto& session : sessions)
        co_await std::move(session);
}

/// A client with a socket made beforehand: it is the server's side that runs out.
task<void> be_greeted(tcp_stream stream) {
    std::array<std::byte, 2> word;
    value_or_throw(co_await stream.read_exact(word));
    value_or_throw(co_await stream.close());
}

void accept_past_the_descriptor_limit() {
    auto built = shards(1).build();
    if (!built)
        std::_Exit(2);
    built->block_on([]() -> task<void> {
        tcp_listener listener = listen_v4();
        std::vector<tcp_stream> connected;
        for (unsigned i = 0; i < clients; ++i)
            connected.push_back(value_or_throw(co_await tcp_stream::connect(address_of(listener))));
        limit_descriptors(room);
        std::vector<task<void>> peers;
        for (tcp_stream& stream : connected)
            peers.push_back(be_greeted(std::move(stream)));
        accept_counts counts;
        auto serving = value_or_throw(this_shard::spawn(accept_with_backoff(listener, counts)));
        // No client leaves before the limit was met.
        while (counts.refused == 0)
            co_await yield();
        co_await when_all(std::move(peers));
        co_await std::move(serving);
        EXPECT_EQ(counts.accepted, clients);
        EXPECT_GT(counts.refused, 0u) << "the limit was never met";
        // One refusal for each session that has to end first: no spinning.
        EXPECT_LE(counts.refused, clients);
    });
}

TEST_F(DescriptorLimit, AcceptGoesOnAfterTheDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(accept_past_the_descriptor_limit);
}

void connect_past_the_descriptor_limit() {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4();
        limit_descriptors(0);
        const auto connected = co_await tcp_stream::connect(address_of(listener));
        EXPECT_FALSE(connected);
        EXPECT_EQ(connected.error(), std::errc::too_many_files_open);
        const auto bound = tcp_listener::bind(socket_address::loopback_v4(0));
        EXPECT_FALSE(bound);
        EXPECT_EQ(bound.error(), std::errc::too_many_files_open);
    });
}

TEST_F(DescriptorLimit, ConnectAndBindSayThatDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(connect_past_the_descriptor_limit);
}

}  // namespace
}  // namespace spargio::net_test
