// Every await of a stealable task may be gone on from another thread than it began on. What a
// compiler keeps across a suspension is then wrong: so this file is also built and run by itself
// with each compiler at each level of optimisation (tests/migration.py).

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/runtime/cancellation_token.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::until_stopped;
using runtime_test::value_of;
using runtime_test::with_shards;

task<int> sleeps() {
    EXPECT_TRUE(co_await sleep_for(50us));
    co_return 1;
}
task<int> times_out() {
    const auto late = co_await timeout(50us, until_stopped());
    EXPECT_TRUE(late.has_value() ? *late : late.error() == std::errc::timed_out);
    co_return 1;
}
task<int> ends_in_time() {
    const auto ended = co_await timeout(10s, sleeps());
    EXPECT_EQ(ended, 1);
    co_return 1;
}
task<int> sleeps_unless_stopped() {
    (void)co_await sleep_for(50us);
    co_return 1;
}
task<int> wins() {
    const auto first = co_await when_any(sleeps_unless_stopped(), sleeps_unless_stopped());
    co_return std::visit([](int value) { return value; }, first);
}
task<int> gathers() {
    const auto [a, b, c] = co_await when_all(sleeps(), value_of(1), ends_in_time());
    co_return a + b + c - 2;
}
task<int> calls() {
    co_return value_or_throw(co_await spawn_blocking([] { return 1; }));
}
task<int> joins() {
    co_return co_await value_or_throw(this_runtime().spawn(placement::stealable(), sleeps()));
}
task<int> is_stopped() {
    auto other = value_or_throw(this_runtime().spawn(placement::stealable(), until_stopped()));
    EXPECT_TRUE(co_await sleep_for(20us));
    other.request_stop();
    co_return co_await other ? 1 : 0;
}
task<int> groups() {
    std::atomic<int> ran = 0;
    task_group group;
    for (int i = 0; i < 3; ++i) {
        value_or_throw(group.spawn(placement::stealable(), [&]() -> task<void> {
            co_await yield();
            ++ran;
        }));
    }
    co_await group.join();
    co_return ran - 2;
}

task<int> is_cancelled() {
    const cancellation_token token;
    auto other = value_or_throw(
        this_runtime().spawn(placement::stealable(), [](cancellation_token waited) -> task<int> {
            co_return (co_await waited.cancelled()).has_value() ? 1 : 0;
        }(token)));
    EXPECT_TRUE(co_await sleep_for(20us));
    token.cancel();
    co_return co_await other;
}
task<int> hops() {
    const unsigned there = (this_shard::id() + 1) % this_runtime().shard_count();
    const auto moved = co_await reschedule_on(there);
    EXPECT_TRUE(moved.has_value());
    co_return this_shard::id() == there ? 1 : 0;
}
task<int> reads_a_file() {
    auto opened = co_await fs::file::open("/proc/self/stat", fs::open_options().read());
    auto file = value_or_throw(std::move(opened));
    std::array<std::byte, 64> buffer;
    const auto count = co_await file.read_at(buffer, 0);
    co_return count.has_value() && *count > 0 ? 1 : 0;
}
task<int> echoes() {
    auto listener = value_or_throw(tcp_listener::bind(socket_address::loopback_v4(0)));
    const auto address = value_or_throw(listener.local_address());
    auto other = value_or_throw(
        this_runtime().spawn(placement::stealable(), [](socket_address to) -> task<void> {
            auto stream = value_or_throw(co_await tcp_stream::connect(to));
            std::array<std::byte, 100> sent{};
            value_or_throw(co_await stream.write_all(sent));
        }(address)));
    auto stream = value_or_throw(co_await listener.accept());
    std::array<std::byte, 100> received;
    const auto all = co_await stream.read_exact(received);
    co_await other;
    co_return all.has_value() ? 1 : 0;
}

TEST(Migration, EveryAwaitMayBeGoneOnFromElsewhere) {
    runtime own = with_shards(3);
    constexpr std::array kinds = {sleeps, times_out,    ends_in_time, wins,   gathers,
                                  calls,  joins,        is_stopped,   groups, is_cancelled,
                                  hops,   reads_a_file, echoes};
    constexpr int rounds = 60;
    own.block_on([&]() -> task<void> {
        std::vector<join_handle<int>> all;
        for (int round = 0; round < rounds; ++round) {
            for (const auto kind : kinds) {
                all.push_back(value_or_throw(
                    this_runtime().spawn(placement::stealable(), [kind]() -> task<int> {
                        int sum = 0;
                        for (int i = 0; i < 5; ++i) {
                            sum += co_await kind();
                            // Uneven work, so that there is something to steal.
                            const auto end = std::chrono::steady_clock::now() + 20us;
                            while (std::chrono::steady_clock::now() < end) {
                            }
                        }
                        co_return sum;
                    })));
            }
        }
        int sum = 0;
        for (auto& each : all)
            sum += co_await each;
        EXPECT_EQ(sum, 5 * rounds * static_cast<int>(kinds.size()));
    });
    std::uint64_t stolen = 0;
    for (unsigned shard = 0; shard < 3; ++shard)
        stolen += own.stats(shard).items_stolen;
    EXPECT_GT(stolen, 0u);
}

}  // namespace
}  // namespace spargio
