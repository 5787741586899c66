// Descriptors: never lost to a cancel, never somebody else's.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "spargio/core/when_all.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/timeout.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

using std::chrono::nanoseconds;

runtime_builder two_shards() {
    return runtime_builder().shards(2).ring_entries(16);
}

template <class T>
void expect_value_or_timeout(const result<T>& answer) {
    if (!answer) {
        EXPECT_EQ(answer.error(), std::errc::timed_out);
    }
}

/// Accepts, opens and connects under deadlines that mostly pass; what comes all the same is closed.
task<void> give_up_often(tcp_listener& listener, std::filesystem::path file, std::uint64_t seed) {
    testing::random_source random(seed);
    const auto address = value_or_throw(listener.local_address());
    for (unsigned round = 0; round < rounds(60); ++round) {
        const nanoseconds soon(random.below(1u << random.below(18)));
        expect_value_or_timeout(co_await timeout(soon, tcp_stream::connect(address)));
        expect_value_or_timeout(co_await timeout(soon, listener.accept()));
        expect_value_or_timeout(
            co_await timeout(soon, fs::file::open(file, fs::open_options().write().create())));
    }
}

TEST(DescriptorTraps, TheirCountIsConstantUnderACancelStorm) {
    run_with(two_shards(), []() -> task<void> {
        const scratch_directory dir;
        const std::size_t before = open_descriptors();
        {
            tcp_listener listener =
                value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
            std::vector<join_handle<void>> storm;
            for (unsigned i = 0; i < 8; ++i)
                storm.push_back(value_or_throw(this_runtime().spawn(
                    placement::pinned(i % 2),
                    give_up_often(listener, dir / "a", testing::process_seed() + i))));
            for (auto& each : storm)
                co_await std::move(each);
            EXPECT_EQ(open_descriptors(), before + 1);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

/// A connection whose every byte is `mark`.
task<void> exchange_marks(tcp_listener& listener, std::byte mark) {
    auto [connected, accepted] = co_await when_all(
        tcp_stream::connect(value_or_throw(listener.local_address())), listener.accept());
    tcp_stream client = value_or_throw(std::move(connected));
    tcp_stream server = value_or_throw(std::move(accepted));
    std::array<std::byte, 64> buffer{};
    // A reader that gives up, before its socket is closed and the number used again.
    const auto gave_up = co_await timeout(
        nanoseconds(1),
        [](tcp_stream& stream, std::span<std::byte> into) -> task<result<std::size_t>> {
            co_return co_await stream.read_some(into);
        }(server, buffer));
    EXPECT_FALSE(gave_up);
    std::array<std::byte, 64> sent;
    sent.fill(mark);
    value_or_throw(co_await client.write_all(sent));
    value_or_throw(co_await client.shutdown(shutdown_how::write));
    value_or_throw(co_await server.read_exact(buffer));
    EXPECT_EQ(buffer, sent);
    EXPECT_EQ(value_or_throw(co_await server.read_some(buffer)), 0u);
    value_or_throw(co_await server.close());
    value_or_throw(co_await client.close());
}

TEST(DescriptorTraps, AReusedNumberReadsItsOwnBytes) {
    run_with(two_shards(), []() -> task<void> {
        tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
        const std::size_t before = open_descriptors();
        for (unsigned round = 0; round < rounds(300); ++round)
            co_await exchange_marks(listener, static_cast<std::byte>(round));
        EXPECT_EQ(open_descriptors(), before);
    });
}

task<void> connect_many(socket_address address, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        auto stream = value_or_throw(co_await tcp_stream::connect(address));
        value_or_throw(co_await stream.close());
    }
}

TEST(DescriptorTraps, ShortLivedConnectionsSpreadEvenly) {
    run_with(two_shards(), []() -> task<void> {
        constexpr unsigned count = 400;
        tcp_listener listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
        auto clients = value_or_throw(
            this_shard::spawn(connect_many(value_or_throw(listener.local_address()), count)));
        std::vector<join_handle<unsigned>> sessions;
        for (unsigned i = 0; i < count; ++i) {
            auto accepted = value_or_throw(co_await listener.accept(session_policy::round_robin()));
            sessions.push_back(value_or_throw(
                std::move(accepted).spawn_on_session([](tcp_stream stream) -> task<unsigned> {
                    std::array<std::byte, 1> end;
                    EXPECT_EQ(value_or_throw(co_await stream.read_some(end)), 0u);
                    co_return this_shard::id();
                })));
        }
        std::array<unsigned, 2> held{};
        for (auto& session : sessions)
            ++held[co_await std::move(session)];
        co_await std::move(clients);
        EXPECT_LE(*std::ranges::max_element(held), count / 2 * 6 / 5);
    });
}

}  // namespace
}  // namespace spargio::trap_test
