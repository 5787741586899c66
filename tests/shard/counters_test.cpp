// What a shard counts of its ring and its lanes, on a simulated kernel.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/shard/message_lane.hpp"
#include "stage.hpp"

namespace spargio::shard_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;

task<void> receive_once() {
    std::array<std::byte, 16> buffer;
    (void)co_await detail::await_operation<recv_operation>(detail::decode_count{}, nullptr, 0,
                                                           std::span(buffer));
}

/// Of `count` receives, each of which ends as it is submitted.
shard_stats stats_of_receives(unsigned count) {
    auto at_once = alone(1);
    at_once.immediate_percent = 100;
    simulated_kernel kernel(at_once);
    stage here(kernel, small());
    kernel.script({.kind = request_kind::recv, .result = 1, .times = 1000});
    std::vector<std::unique_ptr<root<void>>> all;
    for (unsigned i = 0; i < count; ++i)
        here.add(*all.emplace_back(std::make_unique<root<void>>(*here, receive_once())));
    here.run();
    return here->stats();
}

TEST(ShardCounters, WhatTheCompletionQueueHasNoRoomForIsAnOverflow) {
    const shard_stats few = stats_of_receives(64);
    EXPECT_EQ(few.cq_overflows, 0u);
    EXPECT_EQ(few.completions, 64u);
    const shard_stats many = stats_of_receives(65 * 4);
    EXPECT_GE(many.cq_overflows, 1u);
    EXPECT_EQ(many.completions, 65u * 4);
}

TEST(ShardCounters, ALaneTellsHowManyMessagesWait) {
    const std::unique_ptr<detail::message_lane> lane(detail::message_lane::make(0, 8));
    ASSERT_NE(lane, nullptr);
    std::array<message, 8> room;
    unsigned there = 0;
    // Around the lane twice, with each number of messages in it.
    for (unsigned step = 0; step != 16; ++step) {
        for (unsigned wanted = 0; wanted <= 8; ++wanted) {
            while (there < wanted) {
                const raw_message sent[] = {{step, 1}};
                EXPECT_EQ(lane->push(sent), 1u);
                ++there;
            }
            EXPECT_EQ(lane->waiting(), there);
        }
        there -= static_cast<unsigned>(lane->pop(std::span(room).first(1 + step % 8)));
        EXPECT_EQ(lane->waiting(), there);
    }
}

}  // namespace
}  // namespace spargio::shard_test
