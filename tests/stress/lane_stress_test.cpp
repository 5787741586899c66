// Messages between shards: no post is lost and each source's order is kept, at targets that sleep,
// that spin and that are busy, on the kernel as it is and on a simulated one that refuses, delays
// and mixes.

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "../shard/shard_threads.hpp"
#include "busy_shard.hpp"
#include "scale.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/next_message.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::stress {
namespace {

using shard_test::root;
using shard_test::shard_threads;

constexpr std::uint32_t reply_wanted = 1;

shard_options options(unsigned capacity, unsigned spin_us) {
    shard_options chosen;
    chosen.ring.entries = 16;
    chosen.ring.cq_entries = 64;
    chosen.ring.disabled = features_disabled_by_environment();
    chosen.mailbox_capacity = capacity;
    chosen.spin_us = spin_us;
    return chosen;
}

/// Answers what asks for it: then both sleep, or are about to.
task<std::uint64_t> receive(shard& source, std::uint64_t count) {
    std::array<message, 32> room;
    std::uint64_t wrong = 0;
    for (std::uint64_t expected = 0; expected < count;) {
        const auto got = co_await detail::message_batch_awaiter(detail::lane_kind::ordinary, room);
        if (!got)
            co_return ~std::uint64_t{0};
        for (const message& each : std::span(room).first(*got)) {
            wrong += each.source != source.index() || each.value != expected++;
            if (each.tag == reply_wanted) {
                const raw_message reply{0, each.value};
                wrong += shard::send(source, std::span(&reply, 1)) != 1;
            }
        }
    }
    co_return wrong;
}

/// Bursts of any length, as lots of any size; after each it waits for the receiver, or not.
task<std::uint64_t> send(shard& target, std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    std::vector<raw_message> lot;
    std::uint64_t wrong = 0;
    for (std::uint64_t sent = 0; sent < count;) {
        const bool asks = random.chance(30);
        lot.clear();
        const std::uint64_t size = 1 + random.below(random.chance(50) ? 3 : 60);
        for (std::uint64_t i = 0; i < size && sent + i < count; ++i)
            lot.push_back({0, sent + i});
        if (asks)
            lot.back().tag = reply_wanted;
        for (std::span<const raw_message> left(lot); !left.empty();) {
            left = left.subspan(shard::send(target, left));
            if (!left.empty())
                co_await yield();
        }
        sent += lot.size();
        if (asks) {
            const auto reply = co_await detail::message_awaiter();
            wrong += !reply || reply->value != sent - 1;
        } else if (random.chance(10)) {
            shard::current()->flush_messages();
        }
    }
    co_return wrong;
}

enum class target_is { idle, busy };

void exchange(kernel& entry, const shard_options& chosen, std::uint64_t count,
              target_is meanwhile = target_is::idle) {
    shard_threads shards(entry, 2, chosen);
    std::optional<busy_shard> working;
    if (meanwhile == target_is::busy)
        working.emplace(shards[1], count);
    root<std::uint64_t> receiver(shards[1], receive(shards[0], count));
    std::binary_semaphore ended{0};
    receiver.at_end = [&] { ended.release(); };
    receiver.start();
    EXPECT_EQ(shards.run(0, send(shards[1], count, testing::process_seed())), 0u);
    ended.acquire();
    EXPECT_EQ(receiver.take(), 0u);
}

TEST(Lanes, AtATargetThatSleeps) {
    exchange(system_kernel(), options(1024, 0), times(1'000'000));
}

TEST(Lanes, ThroughTwoSlots) {
    exchange(system_kernel(), options(2, 0), times(20'000));
}

TEST(Lanes, AtATargetThatSpins) {
    exchange(system_kernel(), options(256, 20), times(1'000'000));
}

TEST(Lanes, AtATargetThatIsBusy) {
    exchange(system_kernel(), options(256, 0), times(200'000), target_is::busy);
}

/// Bells refused, delayed, and entries that take a part or nothing, by seed.
TEST(Lanes, OnAKernelThatRefusesAndDelays) {
    const std::uint64_t seed = testing::process_seed();
    for (std::uint64_t round = 0; round < times(10); ++round) {
        for (const bool by_eventfd : {false, true}) {
            testing::simulated_options how{.seed = seed + round, .noise_percent = 30};
            if (by_eventfd)
                how.missing = {feature::register_message};
            testing::simulated_kernel kernel(how);
            exchange(kernel, options(16, 0), 500,
                     round % 3 == 2 ? target_is::busy : target_is::idle);
        }
    }
}

}  // namespace
}  // namespace spargio::stress
