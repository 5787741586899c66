// Messages through completion queues: what arrives that way, what takes the mailbox, and what the
// kernel refuses.

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "../stress/scale.hpp"
#include "entry.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio {
namespace {

using runtime_test::built;
using runtime_test::with_shards;
using testing::request_kind;
using testing::simulated_kernel;

constexpr std::uint64_t too_large = std::uint64_t{1} << 53;

/// Where it is forced off, all of them take the mailbox.
bool any_goes_directly() {
    return !features_disabled_by_environment().has(feature::message_ring);
}

task<std::vector<message>> receive(std::size_t count) {
    std::vector<message> all(count);
    for (std::size_t got = 0; got != count;)
        got += *co_await this_shard::next_events(std::span(all).subspan(got));
    co_return all;
}

task<void> send(std::vector<raw_message> messages) {
    const remote_shard target = this_shard::remote(1);
    for (std::span<const raw_message> left(messages); !left.empty();) {
        left = left.subspan(target.send_many_raw_direct_nowait(left).value_or(0));
        if (!left.empty())
            co_await yield();
    }
    (void)co_await target.flush();
}

TEST(DirectMessages, CarryTagAndValueAndWakeTheTarget) {
    simulated_kernel kernel;
    // Who wakes after a while rings a sleeper to look after it: one message more.
    runtime own = *runtime_builder().shards(2).spin_us(0).rescue({.after_us = 0}).build_on(kernel);
    auto receiving = own.handle().spawn(placement::pinned(1), receive(3));
    own.block_on(0, [] { return send({{1, 0}, {~0u, too_large - 1}, {0x8000'0000, 5}}); });
    const auto all = receiving->wait();
    EXPECT_EQ(all[0].source, 0u);
    EXPECT_EQ(all[0].value, 0u);
    EXPECT_EQ(all[1].tag, ~0u);
    EXPECT_EQ(all[1].value, too_large - 1);
    EXPECT_EQ(all[2].tag, 0x8000'0000);
    EXPECT_EQ(kernel.completions(request_kind::message, 0), any_goes_directly() ? 3u : 0u);
    EXPECT_EQ(own.handle().stats(0).messages_submitted, 3u);
    EXPECT_EQ(own.handle().stats(0).messages_failed, 0u);
    EXPECT_EQ(own.handle().stats(1).messages_received, 3u);
}

TEST(DirectMessages, WhatCannotGoThatWayTakesTheMailbox) {
    simulated_kernel kernel;
    runtime own = *runtime_builder().shards(2).coalesced_hot_tags({{9, 1}}).build_on(kernel);
    auto receiving = own.handle().spawn(placement::pinned(1), receive(2));
    own.block_on(0, [] { return send({{1, too_large}, {9, 5}, {9, 6}}); });
    EXPECT_TRUE(own.handle().remote(1)->send_raw_direct_nowait(2, 1));
    std::uint64_t sum = 0;
    for (const message& each : receiving->wait())
        sum += each.value;
    EXPECT_EQ(sum, too_large + 1);
    EXPECT_EQ(own.block_on(
                  1, []() -> task<std::uint64_t> { co_return *this_shard::try_take_hot_count(9); }),
              11u);
    own.block_on(0, []() -> task<void> {
        EXPECT_TRUE(this_shard::remote(0).send_raw_direct_nowait(3, 4));
        EXPECT_EQ((co_await this_shard::next_event())->value, 4u);
    });
}

TEST(DirectMessages, OfAHotTagComeInItsLane) {
    runtime own = built(runtime_builder().shards(2).hot_tags({5}));
    auto receiving = own.handle().spawn(placement::pinned(1), []() -> task<std::uint64_t> {
        co_return (co_await this_shard::next_hot_event())->value;
    });
    own.block_on(0, [] { return send({{5, 17}}); });
    EXPECT_EQ(receiving->wait(), 17u);
}

/// More than fit any queue, on the kernel as it is: each once, in any order.
TEST(DirectMessages, ManyThroughSmallQueuesAllArrive) {
    runtime own =
        built(runtime_builder().shards(2).ring_entries(16).cq_entries(16).mailbox_capacity(32));
    const std::size_t count = stress::times(20'000);
    auto receiving = own.handle().spawn(placement::pinned(1), receive(count));
    std::vector<raw_message> messages;
    for (std::uint64_t value = 0; value < count; ++value)
        messages.push_back({1, value});
    own.block_on(0, [&] { return send(messages); });
    std::vector<bool> seen(count);
    for (const message& each : receiving->wait()) {
        EXPECT_FALSE(seen[each.value]);
        seen[each.value] = true;
    }
}

class RefusedDirectMessages : public ::testing::TestWithParam<int> {};

TEST_P(RefusedDirectMessages, GoToTheMailboxOnceAndAreCounted) {
    if (!any_goes_directly())
        GTEST_SKIP() << "message_ring is forced off: none is handed to the kernel";
    simulated_kernel kernel({.missing = {feature::register_message}});
    // No other requests of the kind, as watchers' bells would be.
    runtime own =
        *runtime_builder().shards(2).mailbox_capacity(4).rescue({.after_us = 0}).build_on(kernel);
    own.block_on(0, [&]() -> task<void> {
        kernel.script({.kind = request_kind::message, .result = -GetParam(), .times = 2});
        const remote_shard target = this_shard::remote(1);
        EXPECT_TRUE(target.send_raw_direct_nowait(1, 10));
        EXPECT_TRUE(target.send_raw_direct_nowait(1, 11));
        EXPECT_TRUE(target.send_raw_direct_nowait(1, 12));
        // Room was set aside for those; what is left of it is one.
        EXPECT_TRUE(target.send_raw_nowait(1, 13));
        EXPECT_EQ(target.send_raw_nowait(1, 14).error(), errc::backpressure);
        while (this_runtime().stats(0).messages_failed != 2)
            co_await yield();
    });
    std::uint64_t sum = 0;
    for (const message& each : own.block_on(1, [] { return receive(4); }))
        sum += each.value;
    EXPECT_EQ(sum, 10u + 11 + 12 + 13);
    // All room is free again, as soon as it is known that the third one was posted.
    own.block_on(0, [&]() -> task<void> {
        for (std::uint64_t value = 0; value < 4; ++value) {
            while (!this_shard::remote(1).send_raw_nowait(1, value))
                co_await yield();
        }
        EXPECT_EQ(this_shard::remote(1).send_raw_nowait(1, 14).error(), errc::backpressure);
    });
}

INSTANTIATE_TEST_SUITE_P(Errors, RefusedDirectMessages,
                         ::testing::Values(EOVERFLOW, EBADFD, EBADF, ENOMEM),
                         [](const auto& tested) { return std::to_string(tested.param); });

}  // namespace
}  // namespace spargio
