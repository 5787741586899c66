// Connections by path and by abstract name.

#include <fcntl.h>
#include <sys/stat.h>

#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

task<void> exchange(unix_listener& listener, socket_address address) {
    auto [client, server] = co_await when_all(unix_stream::connect(address), listener.accept());
    unix_stream one = value_or_throw(std::move(client));
    unix_stream other = value_or_throw(std::move(server));
    EXPECT_EQ(one.peer_address(), address);
    EXPECT_EQ(other.local_address(), address);
    EXPECT_EQ(to_string(*other.peer_address()), "unix:");
    std::array<std::byte, 5> word;
    value_or_throw(co_await one.write_all(bytes_of("hello")));
    value_or_throw(co_await other.read_exact(word));
    EXPECT_EQ(text_of(word), "hello");
    value_or_throw(co_await other.shutdown(shutdown_how::write));
    EXPECT_EQ(value_or_throw(co_await one.read_some(word)), 0u);
    value_or_throw(co_await one.write_all(bytes_of("still")));
    value_or_throw(co_await other.read_exact(word));
    EXPECT_EQ(text_of(word), "still");
}

TEST(UnixStream, BothEndsSpeakByPathAndByAbstractName) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        for (const socket_address& address : {dir.address("socket"), abstract_address("speak")}) {
            unix_listener listener = value_or_throw(unix_listener::bind(address));
            EXPECT_EQ(listener.local_address(), address);
            co_await exchange(listener, address);
        }
    });
}

TEST(UnixStream, APairIsConnectedAndHasAHome) {
    on_shards(2, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_stream::pair(session_policy::fixed(1)));
        EXPECT_EQ(one.session_shard(), 1u);
        EXPECT_EQ(::fcntl(one.fd(), F_GETFD), FD_CLOEXEC);
        auto session = value_or_throw(
            std::move(one).spawn_on_session([](unix_stream stream) -> task<unsigned> {
                value_or_throw(co_await stream.write_all(bytes_of("x")));
                co_return this_shard::id();
            }));
        std::array<std::byte, 1> byte;
        value_or_throw(co_await other.read_exact(byte));
        EXPECT_EQ(co_await std::move(session), 1u);
        EXPECT_EQ(unix_stream::pair(session_policy::fixed(2)).error(), errc::no_such_shard);
    });
}

TEST(UnixStream, KnowsWhoThePeerIs) {
    on_shards(1, []() -> task<void> {
        auto [one, other] = value_or_throw(unix_stream::pair());
        const auto peer = value_or_throw(one.credentials_of_peer());
        EXPECT_EQ(peer.process, ::getpid());
        EXPECT_EQ(peer.user, ::getuid());
        EXPECT_EQ(peer.group, ::getgid());
        co_return;
    });
}

TEST(UnixStream, NobodyListeningIsSaidAndLeavesNoDescriptor) {
    on_shards(1, []() -> task<void> {
        const scratch_directory dir;
        const std::size_t before = open_descriptors();
        const auto absent = co_await unix_stream::connect(dir.address("absent"));
        EXPECT_EQ(absent.error(), std::errc::no_such_file_or_directory);
        const auto refused = co_await unix_stream::connect(abstract_address("absent"));
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(UnixStream, EachKindOfStreamRefusesTheOthersAddresses) {
    on_shards(1, []() -> task<void> {
        constexpr auto expected = std::errc::address_family_not_supported;
        const auto unix_address = abstract_address("family");
        const auto internet = socket_address::loopback_v4(1);
        EXPECT_EQ((co_await unix_stream::connect(internet)).error(), expected);
        EXPECT_EQ((co_await tcp_stream::connect(unix_address)).error(), expected);
        EXPECT_EQ(unix_listener::bind(internet).error(), expected);
        EXPECT_EQ(tcp_listener::bind(unix_address).error(), expected);
    });
}

TEST(UnixListener, APathInUseIsReplacedOnlyWhenNobodyListens) {
    const scratch_directory dir;
    const socket_address address = dir.address("socket");
    {
        const auto living = unix_listener::bind(address);
        ASSERT_TRUE(living);
        EXPECT_EQ(unix_listener::bind(address).error(), std::errc::address_in_use);
        const auto second = unix_listener::bind(address, {.replace_stale = true});
        EXPECT_EQ(second.error(), std::errc::address_in_use);
    }
    EXPECT_EQ(unix_listener::bind(address).error(), std::errc::address_in_use);
    EXPECT_TRUE(unix_listener::bind(address, {.replace_stale = true}));
}

TEST(UnixListener, WhatIsNoSocketIsNotReplaced) {
    const scratch_directory dir;
    ::close(::open(dir.path("file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const auto bound = unix_listener::bind(dir.address("file"), {.replace_stale = true});
    EXPECT_EQ(bound.error(), std::errc::address_in_use);
    EXPECT_TRUE(std::filesystem::is_regular_file(dir.path("file")));
    EXPECT_EQ(unix_listener::bind(dir.address("no/such")).error(),
              std::errc::no_such_file_or_directory);
}

TEST(UnixListener, IsAdoptedWithItsBacklog) {
    on_shards(1, []() -> task<void> {
        const auto address = abstract_address("adopted");
        auto first = value_or_throw(unix_listener::bind(address));
        auto client = value_or_throw(co_await unix_stream::connect(address));
        unix_listener adopted = value_or_throw(unix_listener::from_fd(::dup(first.fd())));
        first.close();
        auto server = value_or_throw(co_await adopted.accept());
        value_or_throw(co_await client.write_all(bytes_of("x")));
        std::array<std::byte, 1> byte;
        value_or_throw(co_await server.read_exact(byte));
        EXPECT_EQ(unix_listener::from_fd(-1).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ(tcp_listener::from_fd(-1).error(), std::errc::bad_file_descriptor);
    });
}

TEST(UnixListener, AnAcceptUnderWayKeepsListeningThoughItWasClosed) {
    on_shards(1, []() -> task<void> {
        const auto address = abstract_address("closed");
        auto listener = value_or_throw(unix_listener::bind(address));
        auto accepting = value_or_throw(this_shard::spawn(listener.accept()));
        for (int turn = 0; turn < 10; ++turn)
            co_await yield();
        listener.close();
        auto client = value_or_throw(co_await unix_stream::connect(address));
        auto server = value_or_throw(co_await std::move(accepting));
        value_or_throw(co_await client.write_all(bytes_of("x")));
        std::array<std::byte, 1> byte;
        value_or_throw(co_await server.read_exact(byte));
        const auto refused = co_await unix_stream::connect(address);
        EXPECT_EQ(refused.error(), std::errc::connection_refused);
    });
}

TEST(UnixListener, AConnectToAFullBacklogWaitsForRoom) {
    on_shards(1, []() -> task<void> {
        const auto address = abstract_address("backlog");
        auto listener = value_or_throw(unix_listener::bind(address, {.backlog = 0}));
        const auto first = value_or_throw(co_await unix_stream::connect(address));
        auto waiting = value_or_throw(this_shard::spawn(unix_stream::connect(address)));
        for (int turn = 0; turn < 50; ++turn)
            co_await yield();
        EXPECT_FALSE(waiting.is_done());
        EXPECT_TRUE(co_await listener.accept());
        EXPECT_TRUE(co_await std::move(waiting));
        EXPECT_TRUE(co_await listener.accept());
    });
}

}  // namespace
}  // namespace spargio::net_test
