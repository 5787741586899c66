// A listener a shard, and many connections at once.

#include <atomic>

#include "net_steps.hpp"
#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/net/unix_listener.hpp"

namespace spargio::net_test {
namespace {

/// Answers with the number of the shard it runs on, then echoes.
task<void> tell_shard(tcp_stream stream) {
    const auto here = static_cast<std::byte>(this_shard::id());
    value_or_throw(co_await stream.write_all(std::span(&here, 1)));
    co_await echo(std::move(stream));
}

task<std::vector<tcp_stream>> connect_all(socket_address address, unsigned count) {
    std::vector<connect_request> requests(count, {address});
    auto answers = co_await tcp_stream::connect_many(std::move(requests));
    std::vector<tcp_stream> streams;
    for (auto& each : answers)
        streams.push_back(value_or_throw(std::move(each)));
    co_return streams;
}

TEST(TcpListenerGroup, EveryShardServesTheConnectionsThatReachItsListener) {
    on_shards(2, []() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        EXPECT_EQ(group.size(), 2u);
        const auto address = value_or_throw(group.local_address());
        EXPECT_EQ(group.of(1).local_address(), address);
        auto serving = value_or_throw(this_shard::spawn(group.serve(tell_shard)));
        unsigned homes[2] = {};
        {
            auto streams = co_await connect_all(address, 64);
            for (tcp_stream& stream : streams) {
                std::array<std::byte, 1> home;
                value_or_throw(co_await stream.read_exact(home));
                ++homes[std::to_integer<unsigned>(home[0])];
            }
        }
        // By a hash of the addresses; all 64 on one side would be no spreading at all.
        EXPECT_GT(homes[0], 0u);
        EXPECT_GT(homes[1], 0u);
        serving.request_stop();
        value_or_throw(co_await std::move(serving));
        const served_counts counts = group.counts();
        EXPECT_EQ(counts.accepted, 64u);
        EXPECT_EQ(counts.delayed, 0u);
        EXPECT_EQ(counts.overloaded, 0u);
    });
}

TEST(TcpListenerGroup, StoppingItStopsItsSessionsAndWaitsForThem) {
    on_shards(2, []() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        auto serving = value_or_throw(this_shard::spawn(group.serve(tell_shard)));
        auto streams = co_await connect_all(value_or_throw(group.local_address()), 8);
        std::array<std::byte, 1> byte;
        for (tcp_stream& stream : streams)
            value_or_throw(co_await stream.read_exact(byte));
        serving.request_stop();
        value_or_throw(co_await std::move(serving));
        const served_counts counts = group.counts();
        EXPECT_EQ(counts.accepted, 8u);
        EXPECT_EQ(counts.failed, 8u) << "each was ended by its stop";
        for (tcp_stream& stream : streams)
            EXPECT_EQ(value_or_throw(co_await stream.read_some(byte)), 0u);
    });
}

/// Echoes one byte; throws when there is none.
task<void> echo_a_byte(tcp_stream stream, std::atomic<unsigned>* begun) {
    begun->fetch_add(1);
    std::array<std::byte, 1> byte;
    value_or_throw(co_await stream.read_exact(byte));
    value_or_throw(co_await stream.write_all(byte));
}

TEST(TcpListenerGroup, ASessionThatThrowsEndsAlone) {
    on_shards(2, []() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        std::atomic<unsigned> begun = 0;
        auto serving = value_or_throw(this_shard::spawn(group.serve(
            [&begun](tcp_stream stream) { return echo_a_byte(std::move(stream), &begun); })));
        auto streams = co_await connect_all(value_or_throw(group.local_address()), 2);
        while (begun != 2)
            co_await yield();
        std::array<std::byte, 1> byte{};
        value_or_throw(co_await streams[0].shutdown(shutdown_how::write));
        EXPECT_EQ(value_or_throw(co_await streams[0].read_some(byte)), 0u);
        value_or_throw(co_await streams[1].write_all(byte));
        value_or_throw(co_await streams[1].read_exact(byte));
        EXPECT_EQ(value_or_throw(co_await streams[1].read_some(byte)), 0u);
        serving.request_stop();
        value_or_throw(co_await std::move(serving));
        const served_counts counts = group.counts();
        EXPECT_EQ(counts.accepted, 2u);
        EXPECT_EQ(counts.failed, 1u);
    });
}

TEST(TcpListenerGroup, PastTheMostTasksConnectionsAreClosedAndCounted) {
    // The first task, the server, two loops on two shards: room for one session on shard 1.
    run_with(shards(2).max_tasks(3), []() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        auto serving = value_or_throw(this_shard::spawn(group.serve(tell_shard)));
        auto streams = co_await connect_all(value_or_throw(group.local_address()), 30);
        unsigned closed = 0;
        for (tcp_stream& stream : streams) {
            std::array<std::byte, 1> byte;
            closed += co_await stream.read_exact(byte) ? 0 : 1;
        }
        serving.request_stop();
        value_or_throw(co_await std::move(serving));
        const served_counts counts = group.counts();
        EXPECT_EQ(counts.accepted, 30u);
        EXPECT_EQ(counts.overloaded, closed);
        EXPECT_GE(closed, 25u);
    });
}

TEST(TcpListenerGroup, AListenerThatIsGoneEndsAllWithItsError) {
    on_shards(2, []() -> task<void> {
        auto group = value_or_throw(tcp_listener_group::bind(socket_address::loopback_v4(0)));
        group.of(1).close();
        const auto served = co_await group.serve(tell_shard);
        EXPECT_EQ(served.error(), std::errc::bad_file_descriptor);
        auto in_use = tcp_listener_group::bind(*socket_address::parse("192.0.2.1:0"));
        EXPECT_EQ(in_use.error(), std::errc::address_not_available);
    });
}

TEST(TcpListenerGroup, APortSomebodyListensAtIsRefusedUnlessItIsToBeShared) {
    on_shards(2, []() -> task<void> {
        const auto first = tcp_listener_group::bind(socket_address::loopback_v4(0));
        const auto address = value_or_throw(first.value().local_address());
        EXPECT_EQ(tcp_listener_group::bind(address).error(), std::errc::address_in_use);
        EXPECT_TRUE(tcp_listener_group::bind(address, {.reuse_port = true}));
        co_return;
    });
}

TEST(ConnectMany, SaysWhatBecameOfEachInTheirOrder) {
    on_shards(2, []() -> task<void> {
        const std::size_t before = open_descriptors();
        tcp_listener listener = listen_v4();
        tcp_listener gone = listen_v4();
        const auto refused = address_of(gone);
        gone.close();
        {
            std::vector<connect_request> requests = {
                {address_of(listener), session_policy::fixed(1)}, {refused},
                {address_of(listener), session_policy::fixed(2)}, {socket_address()},
                {address_of(listener), session_policy::fixed(0)},
            };
            const auto answers = co_await tcp_stream::connect_many(std::move(requests));
            EXPECT_EQ(answers.size(), 5u);
            EXPECT_EQ(answers.at(0)->session_shard(), 1u);
            EXPECT_EQ(answers.at(1).error(), std::errc::connection_refused);
            EXPECT_EQ(answers.at(2).error(), errc::no_such_shard);
            EXPECT_EQ(answers.at(3).error(), std::errc::address_family_not_supported);
            EXPECT_EQ(answers.at(4)->session_shard(), 0u);
        }
        EXPECT_TRUE((co_await unix_stream::connect_many({})).empty());
        listener.close();
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(ConnectMany, AStopEndsThemAllAndLeavesNoDescriptor) {
    on_shards(1, []() -> task<void> {
        const auto name = value_or_throw(
            socket_address::unix_abstract("spargio_net_many_" + std::to_string(::getpid())));
        auto listener = value_or_throw(unix_listener::bind(name, {.backlog = 0}));
        const auto first = value_or_throw(co_await unix_stream::connect(name));
        const std::size_t before = open_descriptors();
        auto connecting = value_or_throw(
            this_shard::spawn(unix_stream::connect_many(std::vector<connect_request>(5, {name}))));
        for (int turn = 0; turn < 10; ++turn)
            co_await yield();
        EXPECT_FALSE(connecting.is_done());
        connecting.request_stop();
        for (const auto& each : co_await std::move(connecting))
            EXPECT_EQ(each.error(), std::errc::operation_canceled);
        EXPECT_EQ(open_descriptors(), before);
    });
}

}  // namespace
}  // namespace spargio::net_test
