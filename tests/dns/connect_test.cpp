// Connections by name, to real sockets on loopback.

#include "companions/dns/connect.hpp"

#include "dns_steps.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::dns_test {
namespace {

/// A listener at which attempts hang: with a backlog of 0 one connection waits to be accepted, and
/// the kernel drops what comes after it.
class black_hole {
public:
    black_hole()
        : listener_(
              value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0), {.backlog = 0}))) {}
    task<void> fill() { filler_ = value_or_throw(co_await tcp_stream::connect(address())); }
    [[nodiscard]] socket_address address() const {
        return value_or_throw(listener_.local_address());
    }

private:
    tcp_listener listener_;
    std::optional<tcp_stream> filler_;
};

tcp_listener listen_at(const char* host, std::uint16_t port) {
    return value_or_throw(tcp_listener::bind(value_or_throw(socket_address::parse(host, port))));
}

struct two_addresses {
    black_hole hole;
    tcp_listener listener;
};

/// "a.test" has two addresses: attempts at the first hang, at the second somebody listens.
task<two_addresses> two_addresses_of_a(name_server& server) {
    black_hole hole;
    co_await hole.fill();
    auto listener = listen_at("127.0.0.2", hole.address().port());
    server["a.test"].addresses = {"127.0.0.1", "127.0.0.2"};
    co_return two_addresses{std::move(hole), std::move(listener)};
}

TEST(ConnectByName, TheFirstThatSucceedsWinsAndTheOthersAreClosed) {
    with_server([](name_server& server) -> task<void> {
        const two_addresses there = co_await two_addresses_of_a(server);
        const std::uint16_t port = there.hole.address().port();
        auto names = opened(asking(server.address()));
        const std::size_t before = open_descriptors();
        {
            auto stream = value_or_throw(co_await dns::connect(
                names, "a.test", port, {.attempt_delay = std::chrono::milliseconds(10)}));
            EXPECT_EQ(to_string(value_or_throw(stream.peer_address())),
                      "127.0.0.2:" + std::to_string(port));
            EXPECT_EQ(open_descriptors(), before + 1);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(ConnectByName, ARefusedAddressIsFollowedByTheNext) {
    with_server([](name_server& server) -> task<void> {
        auto listener = listen_at("127.0.0.2", 0);
        server["a.test"].addresses = {"127.0.0.1", "127.0.0.2", "::1"};
        auto names = opened(asking(server.address()));
        const auto port = value_or_throw(listener.local_address()).port();
        const auto stream = value_or_throw(co_await dns::connect(
            names, "a.test", std::to_string(port),
            {.attempt_delay = std::chrono::seconds(2), .policy = session_policy::fixed(1)}));
        EXPECT_EQ(to_string(value_or_throw(stream.peer_address())),
                  "127.0.0.2:" + std::to_string(port));
        EXPECT_EQ(stream.session_shard(), 1u);
    });
}

TEST(ConnectByName, Version6ComesFirst) {
    if (!tcp_listener::bind(socket_address::loopback_v6(0)))
        GTEST_SKIP() << "this machine has no version 6";
    with_server([](name_server& server) -> task<void> {
        auto v6 = listen_at("::1", 0);
        const auto port = value_or_throw(v6.local_address()).port();
        // Nobody else's address: ports of 127.0.0.1 are those of others' connections, too.
        auto v4 = listen_at("127.66.0.1", port);
        server["a.test"].addresses = {"127.66.0.1", "::1"};
        auto names = opened(asking(server.address()));
        const auto stream = value_or_throw(co_await dns::connect(names, "a.test", port));
        EXPECT_EQ(value_or_throw(stream.peer_address()).family(), AF_INET6);
        const auto of_v4 = value_or_throw(
            co_await dns::connect(names, "a.test", port, {.family = address_family::v4}));
        EXPECT_EQ(value_or_throw(of_v4.peer_address()).family(), AF_INET);
    });
}

TEST(ConnectByName, WhenNobodyListensThatIsTheAnswer) {
    with_server([](name_server& server) -> task<void> {
        std::uint16_t port = 0;
        {
            auto gone = listen_at("127.0.0.1", 0);
            port = value_or_throw(gone.local_address()).port();
        }
        server["a.test"].addresses = {"127.0.0.1", "127.0.0.3", "::1"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ((co_await dns::connect(names, "a.test", port)).error(),
                  std::errc::connection_refused);
        EXPECT_EQ((co_await dns::connect(names, "none.test", port)).error(), dns::errc::not_found);
        EXPECT_EQ((co_await dns::connect(names, "127.0.0.1", port)).error(),
                  std::errc::connection_refused);
    });
}

TEST(ConnectByName, OptionsOutsideTheirRangeAreRefused) {
    with_server([](name_server& server) -> task<void> {
        using std::chrono::milliseconds;
        auto names = opened(asking(server.address()));
        const dns::connect_options wrong[] = {{.attempt_delay = milliseconds(9)},
                                              {.attempt_delay = milliseconds(2'001)},
                                              {.resolution_delay = milliseconds(-1)},
                                              {.resolution_delay = milliseconds(2'001)}};
        for (const auto& options : wrong)
            EXPECT_EQ((co_await dns::connect(names, "127.0.0.1", 80, options)).error(),
                      errc::invalid_option);
        EXPECT_EQ(
            (co_await dns::connect(names, "127.0.0.1", 80, {.policy = session_policy::fixed(9)}))
                .error(),
            errc::no_such_shard);
    });
}

TEST(ConnectByName, AStormOfCancelsLeavesNoDescriptor) {
    with_server([](name_server& server) -> task<void> {
        const two_addresses there = co_await two_addresses_of_a(server);
        const std::uint16_t port = there.hole.address().port();
        auto names = opened(asking(server.address()));
        const std::size_t before = open_descriptors();
        for (unsigned round = 0; round < 200; ++round) {
            const auto where =
                round % 3 == 0 ? placement::stealable() : placement::pinned(round % 2);
            auto running = value_or_throw(this_runtime().spawn(
                where, dns::connect(names, "a.test", port,
                                    {.attempt_delay = std::chrono::milliseconds(10)})));
            for (unsigned turn = 0; turn < round; ++turn)
                co_await yield();
            running.request_stop();
            const auto answer = co_await std::move(running);
            EXPECT_TRUE(answer || answer.error() == std::errc::operation_canceled);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(ConnectByName, TheMachinesOwnResolverDoesAsWell) {
    with_server([](name_server&) -> task<void> {
        auto listener = listen_at("127.0.0.1", 0);
        const auto port = value_or_throw(listener.local_address()).port();
        auto names = value_or_throw(dns::resolver::open_system());
        EXPECT_TRUE(co_await dns::connect(names, "localhost", port));
    });
}

}  // namespace
}  // namespace spargio::dns_test
