// Messages between shards with one fault of the kernel at every point: each arrives, once and in
// order, whatever the bell met.

#include <gtest/gtest.h>

#include <array>

#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/fault_sweep.hpp"

namespace spargio::trap_test {
namespace {

/// Each lot meets a receiver that sleeps: it has answered the one before.
task<std::uint64_t> send_lots() {
    const remote_shard target = this_shard::remote(1);
    std::uint64_t wrong = 0;
    for (std::uint64_t lot = 0; lot < 6; ++lot) {
        const std::array<raw_message, 3> messages = {
            {{1, 3 * lot}, {1, 3 * lot + 1}, {1, 3 * lot + 2}}};
        const auto accepted = target.send_many_nowait(messages);
        wrong += !accepted || *accepted != 3;
        if (lot % 2 == 0)
            (void)co_await target.flush();
        const auto reply = co_await this_shard::next_event();
        wrong += !reply || reply->value != 3 * lot + 2;
    }
    co_return wrong;
}

task<std::uint64_t> receive_lots() {
    std::array<message, 2> room;
    std::uint64_t wrong = 0;
    for (std::uint64_t expected = 0; expected < 18;) {
        const auto got = co_await this_shard::next_events(room);
        if (!got)
            co_return ~std::uint64_t{0};
        for (const message& each : std::span(room).first(*got)) {
            wrong += each.value != expected++;
            if (expected % 3 == 0)
                wrong += !this_shard::remote(0).send_raw_nowait(2, each.value);
        }
    }
    co_return wrong;
}

TEST(MessageFaults, AtEveryPointNothingIsLostOrOutOfOrder) {
    std::uint64_t whole = 0;
    const auto scenario = [&](testing::simulated_kernel& kernel) {
        auto built = runtime_builder().shards(2).ring_entries(16).spin_us(0).build_on(kernel);
        if (!built)
            return;
        auto receiving = built->handle().spawn(placement::pinned(1), receive_lots());
        EXPECT_EQ(built->block_on(0, send_lots), 0u) << kernel.describe();
        EXPECT_EQ(receiving->wait(), 0u) << kernel.describe();
        ++whole;
    };
    testing::fault_sweep(scenario, {.missing = {feature::register_message}});
    EXPECT_GT(whole, 10u);
}

constexpr std::uint32_t counted = 9;

/// The same through the target's completion queue, and an addition to a count with each lot.
task<std::uint64_t> send_directly() {
    const remote_shard target = this_shard::remote(1);
    std::uint64_t wrong = 0;
    for (std::uint64_t lot = 0; lot < 6; ++lot) {
        const std::array<raw_message, 4> messages = {
            {{1, lot}, {counted, 1}, {1, 10 * lot}, {1, 100 * lot}}};
        const auto accepted = target.send_many_raw_direct_nowait(messages);
        wrong += !accepted || *accepted != 4;
        const auto reply = co_await this_shard::next_event();
        wrong += !reply || reply->value != 111 * lot;
    }
    co_return wrong;
}

task<std::uint64_t> receive_sums() {
    std::array<message, 3> room;
    std::uint64_t wrong = 0;
    std::uint64_t counted_so_far = 0;
    for (std::uint64_t lot = 0; lot < 6; ++lot) {
        std::uint64_t sum = 0;
        for (std::size_t left = 3; left != 0;) {
            const auto got = co_await this_shard::next_events(std::span(room).first(left));
            if (!got)
                co_return ~std::uint64_t{0};
            for (const message& each : std::span(room).first(*got))
                sum += each.value;
            left -= *got;
        }
        while (counted_so_far != lot + 1)
            counted_so_far += (co_await this_shard::next_hot_count(counted)).value_or(100);
        wrong += !this_shard::remote(0).send_raw_direct_nowait(2, sum);
    }
    co_return wrong;
}

TEST(MessageFaults, AtEveryPointNothingThatIsSentDirectlyIsLost) {
    std::uint64_t whole = 0;
    std::uint64_t rerouted = 0;
    const auto scenario = [&](testing::simulated_kernel& kernel) {
        auto built = runtime_builder()
                         .shards(2)
                         .ring_entries(16)
                         .spin_us(0)
                         .coalesced_hot_tags({{counted, 50}})
                         .build_on(kernel);
        if (!built)
            return;
        auto receiving = built->handle().spawn(placement::pinned(1), receive_sums());
        EXPECT_EQ(built->block_on(0, send_directly), 0u) << kernel.describe();
        EXPECT_EQ(receiving->wait(), 0u) << kernel.describe();
        rerouted += built->handle().stats(0).messages_failed;
        ++whole;
    };
    testing::fault_sweep(scenario, {.missing = {feature::register_message}});
    EXPECT_GT(whole, 10u);
    // Where it is forced off, all of them take the mailbox.
    if (!features_disabled_by_environment().has(feature::message_ring)) {
        EXPECT_GT(rerouted, 3u);
    } else {
        EXPECT_EQ(rerouted, 0u);
    }
}

}  // namespace
}  // namespace spargio::trap_test
