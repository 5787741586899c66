// What a runtime, or a process, leaves behind at its end: nothing.

#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "spargio/core/when_all.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {
namespace {

runtime_builder two_shards() {
    return runtime_builder().shards(2).ring_entries(16);
}

/// Of the loopback, and nobody else's: a port that is let go is not taken by another test.
socket_address own_address(std::uint16_t port) {
    return value_or_throw(socket_address::parse("127.66.0.2", port));
}

std::atomic<unsigned> ended = 0;

template <class T>
void count_cancelled(const result<T>& answer) {
    if (!answer && answer.error() == std::errc::operation_canceled)
        ++ended;
}

task<void> wait_in_accept(tcp_listener listener) {
    count_cancelled(co_await listener.accept());
}
task<void> wait_in_read(tcp_stream stream) {
    std::array<std::byte, 1> buffer;
    const auto count = co_await stream.read_some(buffer);
    // The other end may have been stopped, and closed, first.
    if (count && *count == 0)
        ++ended;
    count_cancelled(count);
}
task<void> wait_in_sleep() {
    count_cancelled(co_await sleep_for(std::chrono::hours(1)));
}
task<void> wait_for_message() {
    count_cancelled(co_await this_shard::next_event());
}

task<std::uint16_t> leave_everything_waiting(socket_address address) {
    tcp_listener listener = value_or_throw(tcp_listener::bind(address));
    const auto bound = value_or_throw(listener.local_address());
    auto [connected, accepted] = co_await when_all(tcp_stream::connect(bound), listener.accept());
    for (unsigned shard = 0; shard < 2; ++shard) {
        const auto spawn = [shard](task<void> work) {
            value_or_throw(this_runtime().spawn(placement::pinned(shard), std::move(work)))
                .detach();
        };
        spawn(wait_in_read(value_or_throw(std::move(shard == 0 ? connected : accepted))));
        spawn(wait_in_sleep());
        spawn(wait_for_message());
    }
    this_shard::spawn(wait_in_accept(std::move(listener)))->detach();
    for (int i = 0; i < 10; ++i)
        co_await yield();
    co_return bound.port();
}

TEST(EndTraps, TheEndOfARuntimeEndsItsOperationsAndFreesAddressesAtOnce) {
    const std::size_t before = open_descriptors();
    std::uint16_t port = 0;
    for (int again = 0; again < 10; ++again) {
        ended = 0;
        auto built = two_shards().build();
        ASSERT_TRUE(built) << built.error().message;
        // Bound again at once, though a connection and an accept of the one before were open.
        port = built->block_on(leave_everything_waiting(own_address(port)));
        EXPECT_TRUE(built->shutdown_blocking().clean());
        EXPECT_EQ(ended, 7u);
    }
    EXPECT_EQ(open_descriptors(), before);
}

[[noreturn]] void serve_and_exit(std::uint16_t port) {
    auto built = two_shards().build();
    if (!built)
        std::_Exit(2);
    built->block_on(leave_everything_waiting(own_address(port)));
    std::exit(built->shutdown_blocking().clean() ? 0 : 1);
}

TEST(EndTraps, AfterAnExitTheAddressIsFreeForTheNextProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    std::uint16_t port = 0;
    {
        const auto probe = tcp_listener::bind(own_address(0));
        port = probe->local_address()->port();
    }
    EXPECT_EXIT(serve_and_exit(port), ::testing::ExitedWithCode(0), "");
    const auto bound = tcp_listener::bind(own_address(port));
    EXPECT_TRUE(bound) << bound.error();
}

}  // namespace
}  // namespace spargio::trap_test
