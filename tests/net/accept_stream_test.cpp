// Accepting one connection after another with one request.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "net_steps.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::net_test {
namespace {

task<void> greet(socket_address address, unsigned count) {
    for (unsigned at = 0; at < count; ++at) {
        auto stream = value_or_throw(co_await tcp_stream::connect(address));
        const auto byte = static_cast<std::byte>(at);
        value_or_throw(co_await stream.write_all({&byte, 1}));
        std::array<std::byte, 1> end;
        EXPECT_EQ(value_or_throw(co_await stream.read_some(end)), 0u);
    }
}

TEST(AcceptStream, YieldsEveryConnection) {
    on_shards(1, []() -> task<void> {
        constexpr unsigned count = 200;
        const std::size_t before = open_descriptors();
        {
            tcp_listener listener = listen_v4();
            auto accepted = value_or_throw(listener.accept_many());
            auto clients = value_or_throw(this_shard::spawn(greet(address_of(listener), count)));
            for (unsigned at = 0; at < count; ++at) {
                auto stream = value_or_throw(co_await accepted.next());
                std::array<std::byte, 1> byte;
                value_or_throw(co_await stream.read_exact(byte));
                EXPECT_EQ(byte[0], static_cast<std::byte>(at));
            }
            co_await std::move(clients);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(AcceptStream, ThePolicyChoosesTheHome) {
    on_shards(2, []() -> task<void> {
        tcp_listener listener = listen_v4();
        EXPECT_EQ(listener.accept_many(session_policy::fixed(2)).error(),
                  make_error_code(errc::no_such_shard));
        auto accepted = value_or_throw(listener.accept_many(session_policy::round_robin()));
        std::array<unsigned, 2> homes{};
        for (int round = 0; round < 10; ++round) {
            auto [client, server] =
                co_await when_all(tcp_stream::connect(address_of(listener)),
                                  [](tcp_accept_stream& from) -> task<result<tcp_stream>> {
                                      co_return co_await from.next();
                                  }(accepted));
            value_or_throw(std::move(client));
            ++homes[value_or_throw(std::move(server)).session_shard()];
        }
        EXPECT_EQ(homes, (std::array<unsigned, 2>{5, 5}));
    });
}

/// Connections nobody takes wait in the backlog, but for a few.
TEST(AcceptStream, AReaderThatFallsBehindHoldsFewConnections) {
    on_shards(1, []() -> task<void> {
        constexpr unsigned count = 300;
        tcp_listener listener = listen_v4();
        auto accepted = value_or_throw(listener.accept_many());
        std::vector<tcp_stream> clients;
        std::vector<tcp_stream> servers;
        clients.push_back(value_or_throw(co_await tcp_stream::connect(address_of(listener))));
        servers.push_back(value_or_throw(co_await accepted.next()));
        const std::size_t before = open_descriptors();
        for (unsigned at = 1; at < count; ++at)
            clients.push_back(value_or_throw(co_await tcp_stream::connect(address_of(listener))));
        EXPECT_LE(open_descriptors(), before + count + 100);
        for (unsigned at = 1; at < count; ++at)
            servers.push_back(value_or_throw(co_await accepted.next()));
        EXPECT_EQ(open_descriptors(), before + 2 * (count - 1));
    });
}

TEST(AcceptStream, AfterRequestEndWhatCameIsTaken) {
    on_shards(1, []() -> task<void> {
        for (unsigned turns = 0; turns < 5; ++turns) {
            tcp_listener listener = listen_v4();
            auto accepted = value_or_throw(listener.accept_many());
            std::vector<tcp_stream> clients;
            for (int at = 0; at < 5; ++at)
                clients.push_back(
                    value_or_throw(co_await tcp_stream::connect(address_of(listener))));
            unsigned taken = 1;
            value_or_throw(co_await accepted.next());
            for (unsigned turn = 0; turn < turns; ++turn)
                co_await yield();
            accepted.request_end();
            for (;; ++taken) {
                const auto next = co_await accepted.next();
                if (next)
                    continue;
                EXPECT_EQ(next.error(), make_error_code(errc::end_of_stream));
                break;
            }
            // What was not accepted is still there.
            for (; taken < 5; ++taken)
                value_or_throw(co_await listener.accept());
        }
    });
}

/// Takers that give up, streams that go with connections in them: nothing is left open.
TEST(AcceptStream, DescriptorsAreConstantUnderACancelStorm) {
    on_shards(2, []() -> task<void> {
        testing::random_source random(testing::process_seed());
        const std::size_t before = open_descriptors();
        {
            tcp_listener listener = listen_v4();
            const auto address = address_of(listener);
            for (int round = 0; round < 60; ++round) {
                auto accepted = value_or_throw(listener.accept_many());
                for (std::uint64_t left = random.below(4); left > 0; --left) {
                    const std::chrono::nanoseconds soon(random.below(1u << random.below(18)));
                    auto [client, server] = co_await when_all(
                        tcp_stream::connect(address),
                        [](std::chrono::nanoseconds limit,
                           tcp_accept_stream& from) -> task<result<tcp_stream>> {
                            co_return co_await timeout(
                                limit, [](tcp_accept_stream& inner) -> task<result<tcp_stream>> {
                                    co_return co_await inner.next();
                                }(from));
                        }(soon, accepted));
                    value_or_throw(std::move(client));
                    if (!server) {
                        EXPECT_EQ(server.error(), std::errc::timed_out);
                    }
                }
            }
        }
        // A request that is being cancelled may still make one.
        for (int turns = 0; open_descriptors() != before && turns < 1000; ++turns)
            co_await yield();
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(AcceptStream, ASocketThatDoesNotListenIsAnError) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await connection();
        accept_stream accepted(ends.client.fd());
        const auto next = co_await accepted.next();
        EXPECT_EQ(next.error(), std::errc::invalid_argument);
    });
}

}  // namespace
}  // namespace spargio::net_test
