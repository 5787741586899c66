// No post is lost, and those of one source are run in their order, whether the shard sleeps, is
// about to, spins or is busy, on the kernel as it is and on a simulated one that refuses, delays
// and mixes. A lost one hangs the test.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "../shard/shard_threads.hpp"
#include "busy_shard.hpp"
#include "scale.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::stress {
namespace {

using shard_test::action;
using shard_test::shard_threads;

shard_options options(feature_set disabled, unsigned spin_us) {
    shard_options chosen;
    chosen.ring.entries = 16;
    chosen.ring.cq_entries = 64;
    chosen.ring.disabled = disabled;
    chosen.ring.disabled.add(features_disabled_by_environment());
    chosen.spin_us = spin_us;
    return chosen;
}

/// Posts at least `count` items in bursts, and waits for each burst to have run.
/// \return how many were run out of their order.
std::uint64_t post_in_bursts(shard& target, std::uint64_t count, std::uint64_t seed) {
    constexpr std::uint64_t longest_burst = 64;
    testing::random_source random(seed);
    std::uint64_t posted = 0;  // before the burst
    std::uint64_t out_of_order = 0;
    std::atomic<std::uint64_t> ran = 0;
    std::vector<std::unique_ptr<action>> items;
    for (std::uint64_t i = 0; i < longest_burst; ++i) {
        items.push_back(std::make_unique<action>([&, i] {
            out_of_order += ran.load(std::memory_order_relaxed) != posted + i ? 1 : 0;
            ran.fetch_add(1, std::memory_order_release);
        }));
    }
    while (posted < count) {
        // Short ones mostly: they find the shard asleep.
        const std::uint64_t burst = 1 + random.below(1 + random.below(longest_burst));
        for (std::uint64_t i = 0; i < burst; ++i)
            target.post(*items[i]);
        while (ran.load(std::memory_order_acquire) != posted + burst)
            std::this_thread::yield();
        posted += burst;
    }
    return out_of_order;
}

/// Two threads at once: every burst meets a shard that is awake, asleep or on its way there.
void post_from_threads(shard& target, std::uint64_t each, std::uint64_t seed) {
    constexpr unsigned sources = 2;
    {
        std::vector<std::jthread> threads;
        for (unsigned source = 0; source < sources; ++source) {
            threads.emplace_back(
                [&, source] { EXPECT_EQ(post_in_bursts(target, each, seed + source), 0u); });
        }
    }
    EXPECT_GE(target.stats().posts_received, sources * each);
}

/// Items that hop to and fro between two shards: each hop may be the one that wakes the other, and
/// none overtakes another.
void hop_between(shard_threads& shards, unsigned travellers, std::uint64_t hops) {
    std::atomic<unsigned> home = 0;
    std::array<unsigned, 2> next{};  // who comes next to each shard
    std::atomic<std::uint64_t> out_of_order = 0;
    struct traveller {
        std::uint64_t left = 0;
        std::unique_ptr<action> item;
    };
    std::vector<traveller> on_their_way(travellers);
    for (unsigned number = 0; number < travellers; ++number) {
        traveller& each = on_their_way[number];
        each.left = hops / travellers;
        each.item = std::make_unique<action>([&, number] {
            const unsigned here = shard::current()->index();
            out_of_order += number != next[here] ? 1 : 0;
            next[here] = (number + 1) % travellers;
            if (each.left-- == 0) {
                ++home;
                home.notify_one();
                return;
            }
            shards[1 - here].post(*each.item);
        });
    }
    action departure([&] {
        for (auto& each : on_their_way)
            shards[1].post(*each.item);
    });
    shards[0].post(departure);
    for (unsigned seen = 0; seen < travellers; seen = home.load())
        home.wait(seen);
    // Nobody is on his way out of the last item any more.
    for (const unsigned each : {0u, 1u})
        shards.run(each, []() -> task<void> { co_return; }());
    EXPECT_EQ(out_of_order, 0u);
}

struct target_kind {
    const char* name;
    feature_set disabled;
    unsigned spin_us;
};

class Posts : public ::testing::TestWithParam<target_kind> {
protected:
    static shard_options chosen() { return options(GetParam().disabled, GetParam().spin_us); }
};

INSTANTIATE_TEST_SUITE_P(
    Stress, Posts,
    ::testing::Values(target_kind{"sleeping", {}, 0}, target_kind{"spinning", {}, 20},
                      target_kind{"sleeping_with_eventfd",
                                  {feature::message_ring, feature::register_message},
                                  0}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(Posts, FromThreadsInBurstsAreAllRunInOrder) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    shard_threads shards(system_kernel(), 1, chosen());
    post_from_threads(shards[0], times(500'000), seed);
}

TEST_P(Posts, BetweenShardsAreAllRunInOrder) {
    for (const unsigned travellers : {1u, 2u, 7u}) {
        shard_threads shards(system_kernel(), 2, chosen());
        hop_between(shards, travellers, times(100'000));
    }
}

/// What a thread posts may end the shard before that thread has returned.
TEST_P(Posts, MayBeTheLastThatAShardTakes) {
    struct place {
        alignas(shard) std::byte bytes[sizeof(shard)];
    };
    for (std::uint64_t round = times(1'000); round != 0; --round) {
        const auto memory = std::make_unique<place>();
        shard_options awake_or_asleep = chosen();
        awake_or_asleep.spin_us *= 1'000;
        shard& own = *new (memory->bytes) shard(system_kernel(), awake_or_asleep);
        std::binary_semaphore open(0);
        std::jthread loop([&] {
            EXPECT_TRUE(own.open());
            open.release();
            own.run();
            own.close();
        });
        open.acquire();
        action last([&] { own.request_exit(); });
        const std::jthread posting([&] { own.post(last); });
        loop.join();
        own.~shard();
        // The memory is somebody else's.
        std::ranges::fill(memory->bytes, std::byte{0xff});
    }
}

/// What is posted waits for its turn beside user work.
TEST(PostsAtABusyShard, AreAllRunInOrder) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    shard_threads shards(system_kernel(), 2, options({}, 0));
    const busy_shard working(shards[1], seed);
    post_from_threads(shards[1], times(10'000), seed);
    hop_between(shards, 7, times(20'000));
}

/// Bells refused, delayed, and entries that take a part or nothing, by seed.
TEST(PostsWithFaults, OnAKernelThatRefusesAndDelays) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    for (std::uint64_t round = 0; round < times(10); ++round) {
        for (const bool by_eventfd : {false, true}) {
            testing::simulated_options how{.seed = seed + round, .noise_percent = 30};
            if (by_eventfd)
                how.missing = {feature::register_message};
            testing::simulated_kernel kernel(how);
            shard_threads shards(kernel, 2, options({}, 0));
            std::optional<busy_shard> working;
            if (round % 3 == 2)
                working.emplace(shards[1], seed);
            post_from_threads(shards[1], 200, seed + round);
            hop_between(shards, 3, 300);
        }
    }
}

}  // namespace
}  // namespace spargio::stress
