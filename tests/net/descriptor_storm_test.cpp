// When descriptors run out: for a group of listeners, Unix listeners and passed descriptors.

#include <gtest/gtest.h>

#include <atomic>

#include "child_steps.hpp"
#include "net_steps.hpp"
#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/net/udp_socket.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/net/unix_listener.hpp"

namespace spargio::net_test {
namespace {

constexpr unsigned clients = 40;
constexpr unsigned room = 16;

/// Writes a word and ends when its peer has.
template <class Stream>
task<void> greet(Stream stream) {
    value_or_throw(co_await stream.write_all(bytes_of("hi")));
    std::array<std::byte, 1> end;
    (void)co_await stream.read_some(end);
}

/// A client that goes when it was greeted, which sets a descriptor free.
template <class Stream>
task<void> leave(Stream stream) {
    std::array<std::byte, 2> word;
    value_or_throw(co_await stream.read_exact(word));
    EXPECT_EQ(text_of(word), "hi");
    value_or_throw(co_await stream.close());
}
/// All at once: which of them is accepted first, nobody knows.
template <class Stream>
task<void> leave_all(std::vector<Stream> connected) {
    std::vector<task<void>> all;
    for (Stream& stream : connected)
        all.push_back(leave(std::move(stream)));
    co_await when_all(std::move(all));
}

void group_past_the_descriptor_limit() {
    auto built = shards(2).build();
    if (!built)
        std::_Exit(2);
    built->block_on([]() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        std::vector<tcp_stream> connected;
        for (unsigned i = 0; i < clients; ++i)
            connected.push_back(value_or_throw(
                co_await tcp_stream::connect(value_or_throw(group.local_address()))));
        limit_descriptors(room);
        auto serving = value_or_throw(this_shard::spawn(group.serve(greet<tcp_stream>)));
        // No client leaves before the limit was met.
        while (group.counts().delayed == 0)
            co_await yield();
        co_await leave_all(std::move(connected));
        serving.request_stop();
        value_or_throw(co_await std::move(serving));
        const served_counts counts = group.counts();
        EXPECT_EQ(counts.accepted, clients);
    });
}

TEST_F(DescriptorLimit, AGroupGoesOnAfterTheDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(group_past_the_descriptor_limit);
}

void unix_listener_past_the_descriptor_limit() {
    on_shards(1, []() -> task<void> {
        const auto name = value_or_throw(
            socket_address::unix_abstract("spargio_storm_" + std::to_string(::getpid())));
        auto listener = value_or_throw(unix_listener::bind(name));
        std::vector<unix_stream> connected;
        for (unsigned i = 0; i < clients; ++i)
            connected.push_back(value_or_throw(co_await unix_stream::connect(name)));
        limit_descriptors(room);
        auto leaving = std::optional<join_handle<void>>();
        std::vector<join_handle<void>> sessions;
        unsigned refused = 0;
        while (sessions.size() < clients) {
            auto accepted = co_await listener.accept();
            if (accepted) {
                sessions.push_back(
                    value_or_throw(std::move(*accepted).spawn_on_session(greet<unix_stream>)));
                continue;
            }
            EXPECT_EQ(accepted.error(), std::errc::too_many_files_open);
            ++refused;
            if (!leaving)
                leaving = value_or_throw(this_shard::spawn(leave_all(std::move(connected))));
            co_await yield();
        }
        EXPECT_GT(refused, 0u);
        co_await std::move(*leaving);
        for (auto& each : sessions)
            co_await std::move(each);
    });
}

TEST_F(DescriptorLimit, AUnixListenerGoesOnAfterTheDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(unix_listener_past_the_descriptor_limit);
}

void receive_descriptors_past_the_limit() {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_stream::pair());
        const std::vector<int> numbers(20, one.fd());
        value_or_throw(co_await one.send_with_descriptors(bytes_of("x"), numbers));
        limit_descriptors(5);
        const std::size_t before = open_descriptors();
        std::array<std::byte, 8> buffer;
        {
            const auto got = value_or_throw(co_await other.receive_with_descriptors(buffer));
            EXPECT_EQ(got.size, 1u);
            EXPECT_TRUE(got.descriptors_lost);
            EXPECT_LE(got.descriptors.size(), 5u);
            EXPECT_GT(got.descriptors.size(), 0u);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_F(DescriptorLimit, PassedDescriptorsThatFindNoRoomAreSaidToBeLost) {
    EXPECT_CHILD_SUCCEEDS(receive_descriptors_past_the_limit);
}

void make_sockets_past_the_limit() {
    on_shards(1, []() -> task<void> {
        constexpr auto expected = std::errc::too_many_files_open;
        limit_descriptors(0);
        const auto any = socket_address::loopback_v4(0);
        const auto name = value_or_throw(socket_address::unix_abstract("spargio_none"));
        EXPECT_EQ(udp_socket::bind(any).error(), expected);
        EXPECT_EQ(udp_socket::open_for(any).error(), expected);
        EXPECT_EQ(unix_stream::pair().error(), expected);
        EXPECT_EQ(unix_listener::bind(name).error(), expected);
        EXPECT_EQ(unix_datagram::bind(name).error(), expected);
        EXPECT_EQ(unix_datagram::unbound().error(), expected);
        EXPECT_EQ(unix_datagram::pair().error(), expected);
        EXPECT_EQ(tcp_listener_group::bind(any).error(), expected);
        const auto connected = co_await unix_stream::connect(name);
        EXPECT_EQ(connected.error(), expected);
    });
}

TEST_F(DescriptorLimit, EverySocketSaysThatDescriptorsRanOut) {
    EXPECT_CHILD_SUCCEEDS(make_sockets_past_the_limit);
}

}  // namespace
}  // namespace spargio::net_test
