// No post is lost, whether the shard sleeps, is about to, or is awake. A lost one hangs the test.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "../shard/shard_threads.hpp"
#include "scale.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::stress {
namespace {

using shard_test::action;
using shard_test::shard_threads;

struct bell_kind {
    const char* name;
    feature_set disabled;
    unsigned spin_us;
};

class Posts : public ::testing::TestWithParam<bell_kind> {
protected:
    static shard_options options() {
        shard_options chosen;
        chosen.ring.entries = 16;
        chosen.ring.cq_entries = 64;
        chosen.ring.disabled = GetParam().disabled;
        chosen.ring.disabled.add(features_disabled_by_environment());
        chosen.spin_us = GetParam().spin_us;
        return chosen;
    }
};

INSTANTIATE_TEST_SUITE_P(
    Stress, Posts,
    ::testing::Values(
        bell_kind{"sleeping", {}, 0}, bell_kind{"spinning", {}, 20},
        bell_kind{"sleeping_with_eventfd", {feature::message_ring, feature::register_message}, 0}),
    [](const auto& tested) { return std::string(tested.param.name); });

/// Two threads that post in bursts and wait for each to have run: every burst meets a shard that is
/// awake, asleep or on its way there.
TEST_P(Posts, FromThreadsInBurstsAreAllRun) {
    constexpr unsigned sources = 2;
    constexpr std::uint64_t longest_burst = 64;
    const std::uint64_t each = times(500'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    shard_threads shards(system_kernel(), 1, options());
    std::vector<std::jthread> threads;
    for (unsigned source = 0; source < sources; ++source) {
        threads.emplace_back([&, source] {
            testing::random_source random(seed + source);
            std::atomic<std::uint64_t> ran = 0;
            std::vector<std::unique_ptr<action>> items;
            for (std::uint64_t i = 0; i < longest_burst; ++i)
                items.push_back(std::make_unique<action>(
                    [&ran] { ran.fetch_add(1, std::memory_order_release); }));
            for (std::uint64_t posted = 0; posted < each;) {
                // Short ones mostly: they find the shard asleep.
                const std::uint64_t burst = 1 + random.below(1 + random.below(longest_burst));
                for (std::uint64_t i = 0; i < burst; ++i)
                    shards[0].post(*items[i]);
                posted += burst;
                while (ran.load(std::memory_order_acquire) < posted)
                    std::this_thread::yield();
            }
        });
    }
    threads.clear();
    EXPECT_GE(shards[0].stats().posts_received, sources * each);
}

/// Items that hop to and fro between two shards: each hop may be the one that wakes the other.
TEST_P(Posts, BetweenShardsAreAllRun) {
    const std::uint64_t hops = times(100'000);
    for (const unsigned travellers : {1u, 2u, 7u}) {
        shard_threads shards(system_kernel(), 2, options());
        std::atomic<unsigned> home = 0;
        struct traveller {
            std::uint64_t left = 0;
            std::unique_ptr<action> item;
        };
        std::vector<traveller> on_their_way(travellers);
        for (auto& each : on_their_way) {
            each.left = hops / travellers;
            each.item = std::make_unique<action>([&] {
                if (each.left-- == 0) {
                    ++home;
                    home.notify_one();
                    return;
                }
                shards[1 - shard::current()->index()].post(*each.item);
            });
            shards[0].post(*each.item);
        }
        for (unsigned seen = 0; seen < travellers; seen = home.load())
            home.wait(seen);
        shards.end();
    }
}

/// What a thread posts may end the shard before that thread has returned.
TEST_P(Posts, MayBeTheLastThatAShardTakes) {
    struct place {
        alignas(shard) std::byte bytes[sizeof(shard)];
    };
    for (std::uint64_t round = times(1'000); round != 0; --round) {
        const auto memory = std::make_unique<place>();
        shard_options awake_or_asleep = options();
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

}  // namespace
}  // namespace spargio::stress
