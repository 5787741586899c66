// Streams of datagrams on a kernel that misbehaves: each comes whole, once and in order, or an
// error.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "spargio/core/when_all.hpp"
#include "spargio/net/datagram_stream.hpp"
#include "spargio/ring/ops/receive_messages.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/io_wait.hpp"
#include "stream_traps.hpp"

namespace spargio::trap_test {
namespace {

using testing::simulated_kernel;

/// Some are larger than the buffers of few_buffers() have room for, and some are empty.
std::vector<std::byte> datagram(unsigned number) {
    auto bytes = pattern(number % 7 == 3 ? 200 : number % 5 * 20);
    if (bytes.size() >= sizeof number)
        std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

/// Each until it is sent: a reader would wait for ever for one that is not.
task<void> send_all(int descriptor, unsigned count) {
    for (unsigned number = 0; number != count;) {
        const auto bytes = datagram(number);
        const auto sent = co_await detail::await_operation<send_operation>(
            detail::decode_count(), nullptr, descriptor, std::span(bytes));
        number += sent.has_value();
    }
}

void expect_to_be(const leased_datagram& received, unsigned number) {
    constexpr std::size_t most = 256 - receive_messages_operation::layout{0}.before_payload();
    const auto sent = datagram(number);
    EXPECT_EQ(received.full_size(), sent.size()) << number;
    EXPECT_EQ(received.truncated(), sent.size() > most) << number;
    EXPECT_TRUE(
        std::ranges::equal(received.bytes(), std::span(sent).first(std::min(sent.size(), most))))
        << number;
}

/// \return how many came before an error, if one did; each is the next of those sent.
task<unsigned> take_all(int descriptor, unsigned count) {
    auto stream = value_or_throw(datagram_stream::open(descriptor));
    for (unsigned number = 0; number != count; ++number) {
        const auto received = co_await stream.next();
        if (!received)
            co_return number;
        EXPECT_FALSE(received->none());
        expect_to_be(*received, number);
    }
    stream.request_end();
    for (;;) {
        const auto after = co_await stream.next();
        if (!after || after->none())
            co_return count;
        ADD_FAILURE() << "more than were sent";
    }
}

task<void> one_pair(simulated_kernel& kernel, unsigned count, bool all_is_well) {
    // Room for all, for when the reader leaves early.
    const auto [one, other] = kernel.datagram_pair(count);
    const auto [nothing, received] =
        co_await when_all(send_all(other, count), take_all(one, count));
    if (all_is_well) {
        EXPECT_EQ(received, count) << kernel.describe();
    }
    kernel.close(one);
    kernel.close(other);
}

task<void> exchange(simulated_kernel& kernel, unsigned pairs, unsigned count, bool all_is_well) {
    std::vector<task<void>> all;
    for (unsigned pair = 0; pair != pairs; ++pair)
        all.push_back(one_pair(kernel, count, all_is_well));
    co_await when_all(std::move(all));
    co_await expect_all_home();
}

task<void> many(simulated_kernel& kernel) {
    return exchange(kernel, 6, 60, true);
}

TEST(SimulatedDatagrams, OneRequestBringsManyWhereTheKernelHasThat) {
    for (const bool lacks : {false, true}) {
        simulated_kernel kernel({.seed = testing::process_seed(), .end_multishot_percent = 0});
        auto builder = few_buffers(lacks ? feature_set{feature::multishot_receive} : feature_set{});
        auto built = builder.receive_buffers({.count = 64, .size = 256}).build_on(kernel);
        ASSERT_TRUE(built);
        built->block_on([&] { return exchange(kernel, 1, 50, true); });
        const std::uint64_t requests = kernel.requests(testing::request_kind::recvmsg);
        const feature_set disabled = features_disabled_by_environment();
        if (lacks || disabled.has(feature::multishot_receive) ||
            disabled.has(feature::provided_buffers)) {
            EXPECT_GE(requests, 50u);
        } else {
            EXPECT_LE(requests, 25u);
        }
    }
}

TEST(SimulatedDatagrams, RequestsThatEndEarlyAreSubmittedAgain) {
    run_each_way({.end_multishot_percent = 50}, many);
}

TEST(SimulatedDatagrams, WantOfBuffersLosesNone) {
    run_each_way({.no_buffers_percent = 40}, many);
}

TEST(SimulatedDatagrams, FullQueuesAndNoiseLoseNone) {
    run_each_way({.cq_entries = 4, .short_percent = 80, .noise_percent = 30}, many);
}

TEST(SimulatedDatagrams, AKernelThatLacksThemIsDoneWithout) {
    run_where_it_is_missing(many);
}

TEST(SimulatedDatagrams, AFaultAtEveryPointEndsInAnAnswer) {
    EXPECT_GT(sweep_faults([](simulated_kernel& kernel) { return exchange(kernel, 2, 15, false); }),
              100u);
}

/// A wait that is stopped at any time; the datagram is taken, or the next to be.
task<void> stop_a_wait(simulated_kernel& kernel, unsigned turns) {
    const auto [one, other] = kernel.datagram_pair();
    {
        auto stream = value_or_throw(datagram_stream::open(one));
        auto waiting = value_or_throw(
            this_shard::spawn([](datagram_stream& from) -> task<result<leased_datagram>> {
                co_return co_await from.next();
            }(stream)));
        co_await yield();
        kernel.write(other, datagram(4));
        for (unsigned turn = 0; turn < turns; ++turn)
            co_await yield();
        waiting.request_stop();
        auto answer = co_await std::move(waiting);
        if (!answer)
            answer = co_await stream.next();
        expect_to_be(value_or_throw(std::move(answer)), 4);
        // Gone with a request under way that the kernel may end in either order.
        kernel.write(other, datagram(4));
    }
    co_await expect_all_home();
    kernel.close(one);
    kernel.close(other);
}

TEST(SimulatedDatagrams, StopsAndGoodbyesRaceTheArrivals) {
    race_the_arrivals(stop_a_wait);
}

}  // namespace
}  // namespace spargio::trap_test
