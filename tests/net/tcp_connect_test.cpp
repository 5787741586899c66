// How connections come about, and where their home is.

#include <gtest/gtest.h>
#include <unistd.h>

#include "net_steps.hpp"

namespace spargio::net_test {
namespace {

task<void> exchange_a_word(two_ends ends) {
    std::array<std::byte, 5> buffer;
    value_or_throw(co_await ends.client.write_all(bytes_of("hello")));
    value_or_throw(co_await ends.server.read_exact(buffer));
    EXPECT_EQ(text_of(buffer), "hello");
    value_or_throw(co_await ends.server.write_all(bytes_of("world")));
    value_or_throw(co_await ends.client.read_exact(buffer));
    EXPECT_EQ(text_of(buffer), "world");
}

TEST(TcpConnect, BothEndsSpeak) {
    on_shards(1, []() -> task<void> { co_await exchange_a_word(co_await connection()); });
}

TEST(TcpConnect, VersionSix) {
    on_shards(1, []() -> task<void> {
        auto listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v6(0)));
        const socket_address address = address_of(listener);
        EXPECT_EQ(address, socket_address::loopback_v6(address.port()));
        auto [client, server] = co_await when_all(tcp_stream::connect(address), listener.accept());
        two_ends ends{value_or_throw(std::move(client)), value_or_throw(std::move(server))};
        co_await exchange_a_word(std::move(ends));
    });
}

TEST(TcpConnect, PortZeroTakesAFreeOneAndBothSidesKnowEachOther) {
    on_shards(1, []() -> task<void> {
        tcp_listener first = listen_v4();
        tcp_listener second = listen_v4();
        EXPECT_NE(address_of(first).port(), 0);
        EXPECT_NE(address_of(first), address_of(second));
        const two_ends ends = co_await connection();
        EXPECT_EQ(ends.client.local_address(), ends.server.peer_address());
        EXPECT_EQ(ends.server.local_address(), ends.client.peer_address());
    });
}

TEST(TcpConnect, AddressInUseIsSaidAtOnce) {
    const std::size_t before = open_descriptors();
    {
        tcp_listener listener = listen_v4();
        const auto second = tcp_listener::bind(address_of(listener));
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error(), std::errc::address_in_use);
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(TcpConnect, AnAddressThatIsNotOursCannotBeBound) {
    const auto bound = tcp_listener::bind(*socket_address::parse("192.0.2.1:0"));
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error(), std::errc::address_not_available);
    const auto empty = tcp_listener::bind(socket_address());
    ASSERT_FALSE(empty);
    EXPECT_EQ(empty.error(), std::errc::address_family_not_supported);
}

TEST(TcpConnect, NobodyListeningRefusesAndLeavesNoDescriptor) {
    on_shards(1, []() -> task<void> {
        tcp_listener listener = listen_v4();
        const socket_address address = address_of(listener);
        listener.close();
        const std::size_t before = open_descriptors();
        const auto refused = co_await tcp_stream::connect(address);
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
        const auto empty = co_await tcp_stream::connect(socket_address());
        EXPECT_FALSE(empty);
        EXPECT_EQ(empty.error(), std::errc::address_family_not_supported);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(TcpConnect, ReusePortLetsSeveralListenersShareAPort) {
    on_shards(1, []() -> task<void> {
        const listen_options shared{.reuse_port = true};
        tcp_listener first = listen_v4(shared);
        auto second = tcp_listener::bind(address_of(first), shared);
        EXPECT_TRUE(second);
        const auto without = tcp_listener::bind(address_of(first));
        EXPECT_FALSE(without);
        first.close();
        auto [client, server] =
            co_await when_all(tcp_stream::connect(address_of(*second)), second->accept());
        EXPECT_TRUE(client && server);
    });
}

TEST(TcpConnect, ContextPreferredHomesAConnectionWhereItIsMade) {
    run_local_on(shards(2), 1, []() -> task<void> {
        const two_ends ends = co_await connection();
        EXPECT_EQ(ends.client.session_shard(), 1u);
        EXPECT_EQ(ends.server.session_shard(), 1u);
    });
}

TEST(TcpConnect, RoundRobinHomesConnectionsInTurn) {
    on_shards(2, []() -> task<void> {
        tcp_listener listener = listen_v4();
        unsigned homed_at[2] = {};
        for (unsigned i = 0; i < 6; ++i) {
            auto [client, server] =
                co_await when_all(tcp_stream::connect(address_of(listener)),
                                  listener.accept(session_policy::round_robin()));
            ++homed_at[value_or_throw(std::move(server)).session_shard()];
        }
        EXPECT_EQ(homed_at[0], 3u);
        EXPECT_EQ(homed_at[1], 3u);
    });
}

TEST(TcpConnect, FixedHomesWhereItSays) {
    on_shards(2, []() -> task<void> {
        tcp_listener listener = listen_v4();
        for (unsigned shard = 0; shard < 2; ++shard) {
            const auto policy = session_policy::fixed(shard);
            auto [client, server] = co_await when_all(
                tcp_stream::connect(address_of(listener), policy), listener.accept(policy));
            EXPECT_EQ(value_or_throw(std::move(client)).session_shard(), shard);
            EXPECT_EQ(value_or_throw(std::move(server)).session_shard(), shard);
            auto adopted = tcp_stream::from_fd(::dup(0), policy);
            EXPECT_EQ(value_or_throw(std::move(adopted)).session_shard(), shard);
        }
    });
}

TEST(TcpConnect, NoSuchShardIsRefusedBeforeAnythingIsDone) {
    on_shards(2, []() -> task<void> {
        const auto nowhere = session_policy::fixed(2);
        tcp_listener listener = listen_v4();
        const std::size_t before = open_descriptors();
        const auto connected = co_await tcp_stream::connect(address_of(listener), nowhere);
        EXPECT_FALSE(connected);
        EXPECT_EQ(connected.error(), errc::no_such_shard);
        // Nobody is in the backlog, so an accept that began would not come back.
        const auto accepted = co_await listener.accept(nowhere);
        EXPECT_FALSE(accepted);
        EXPECT_EQ(accepted.error(), errc::no_such_shard);
        const int number = ::dup(0);
        const auto adopted = tcp_stream::from_fd(number, nowhere);
        EXPECT_FALSE(adopted);
        EXPECT_EQ(adopted.error(), errc::no_such_shard);
        EXPECT_EQ(::close(number), 0) << "a refused descriptor stays the caller's";
        EXPECT_EQ(open_descriptors(), before);
    });
}

task<unsigned> where_am_i(tcp_stream stream) {
    EXPECT_EQ(stream.session_shard(), this_shard::id());
    std::array<std::byte, 4> word;
    value_or_throw(co_await stream.read_exact(word));
    EXPECT_EQ(text_of(word), "ping");
    co_return this_shard::id();
}

TEST(TcpConnect, ASessionRunsOnItsHomeShard) {
    on_shards(2, []() -> task<void> {
        tcp_listener listener = listen_v4();
        for (unsigned shard = 0; shard < 2; ++shard) {
            auto [client, server] =
                co_await when_all(tcp_stream::connect(address_of(listener)),
                                  listener.accept(session_policy::fixed(shard)));
            auto session =
                value_or_throw(value_or_throw(std::move(server)).spawn_on_session(where_am_i));
            tcp_stream peer = value_or_throw(std::move(client));
            value_or_throw(co_await peer.write_all(bytes_of("ping")));
            EXPECT_EQ(co_await std::move(session), shard);
        }
    });
}

TEST(TcpConnect, ASessionThatCannotBeSpawnedClosesItsStream) {
    run_with(shards(1).max_tasks(1), []() -> task<void> {
        two_ends ends = co_await connection();
        const auto session = std::move(ends.server).spawn_on_session(where_am_i);
        EXPECT_FALSE(session);
        EXPECT_EQ(session.error(), errc::overloaded);
        std::array<std::byte, 1> buffer;
        EXPECT_EQ(value_or_throw(co_await ends.client.read_some(buffer)), 0u);
    });
}

}  // namespace
}  // namespace spargio::net_test
