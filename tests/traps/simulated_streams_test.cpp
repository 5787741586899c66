// Streams of leases and connections on a kernel that misbehaves: completions that are the last of
// several before their time, no buffer though there are some, full queues, cancels that race.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "spargio/core/when_all.hpp"
#include "spargio/net/accept_stream.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/io_wait.hpp"
#include "stream_traps.hpp"

namespace spargio::trap_test {
namespace {

using testing::simulated_kernel;

task<void> send_all(simulated_kernel& kernel, int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto sent = co_await detail::await_operation<send_operation>(
            detail::decode_count(), nullptr, descriptor, bytes);
        if (!sent && sent.error() != std::errc::interrupted)
            break;
        bytes = bytes.subspan(sent.value_or(0));
    }
    kernel.close(descriptor);
}

/// Everything up to the end or an error; then it is closed.
task<std::vector<std::byte>> take_all(simulated_kernel& kernel, int descriptor) {
    std::vector<std::byte> all;
    {
        auto stream = value_or_throw(receive_stream::open(descriptor));
        for (bool more = true; more;) {
            const auto lease = co_await stream.next();
            more = lease && !lease->empty();
            if (more)
                std::ranges::copy(lease->bytes(), std::back_inserter(all));
        }
    }
    kernel.close(descriptor);
    co_return all;
}

task<void> one_connection(simulated_kernel& kernel, std::span<const std::byte> bytes,
                          bool all_is_well) {
    const auto [one, other] = kernel.stream_pair(300);
    const auto [nothing, received] =
        co_await when_all(send_all(kernel, other, bytes), take_all(kernel, one));
    EXPECT_LE(received.size(), bytes.size());
    EXPECT_TRUE(std::ranges::equal(received, bytes.first(received.size())))
        << "wrong bytes, " << kernel.describe();
    if (all_is_well) {
        EXPECT_EQ(received.size(), bytes.size()) << kernel.describe();
    }
}

task<void> some_connections(simulated_kernel& kernel, std::span<const std::byte> bytes,
                            unsigned count, bool all_is_well) {
    std::vector<task<void>> all;
    for (unsigned at = 0; at < count; ++at)
        all.push_back(one_connection(kernel, bytes, all_is_well));
    co_await when_all(std::move(all));
    co_await expect_all_home();
}

task<void> many(simulated_kernel& kernel) {
    const auto bytes = pattern(2000);
    co_await some_connections(kernel, bytes, 12, true);
}

TEST(SimulatedStreams, RequestsThatEndEarlyAreSubmittedAgain) {
    run_each_way({.end_multishot_percent = 50}, many);
}

TEST(SimulatedStreams, WantOfBuffersLosesNothing) {
    run_each_way({.no_buffers_percent = 40}, many);
}

TEST(SimulatedStreams, ShortReceivesFullQueuesAndNoiseLoseNothing) {
    run_each_way({.short_percent = 80}, many);
    run_each_way({.cq_entries = 4, .noise_percent = 30}, many);
}

TEST(SimulatedStreams, AKernelThatLacksThemIsDoneWithout) {
    run_where_it_is_missing(many);
}

TEST(SimulatedStreams, AFaultAtEveryPointEndsInAnAnswer) {
    const auto bytes = pattern(700);
    EXPECT_GT(sweep_faults([&](simulated_kernel& kernel) {
                  return some_connections(kernel, bytes, 2, false);
              }),
              300u);
}

/// A wait that is stopped at any time; the byte is taken, or the next to be.
task<void> stop_a_wait(simulated_kernel& kernel, unsigned turns) {
    const auto [one, other] = kernel.stream_pair();
    {
        auto stream = value_or_throw(receive_stream::open(one));
        auto waiting = value_or_throw(
            this_shard::spawn([](receive_stream& from) -> task<result<buffer_lease>> {
                co_return co_await from.next();
            }(stream)));
        co_await yield();
        const std::byte sent{9};
        kernel.write(other, std::span(&sent, 1));
        for (unsigned turn = 0; turn < turns; ++turn)
            co_await yield();
        waiting.request_stop();
        auto answer = co_await std::move(waiting);
        if (!answer)
            answer = co_await stream.next();
        EXPECT_EQ(value_or_throw(std::move(answer)).size(), 1u) << "the byte was lost";
        // Gone with a request under way that the kernel may end in either order.
        kernel.write(other, std::span(&sent, 1));
    }
    co_await expect_all_home();
    kernel.close(one);
    kernel.close(other);
}

TEST(SimulatedStreams, StopsAndGoodbyesRaceTheArrivals) {
    race_the_arrivals(stop_a_wait);
}

}  // namespace
}  // namespace spargio::trap_test
