// Calls in every direction at once, from tasks that stay and tasks that move, while shards sleep,
// spin and work: each is made once, where it should be, and answered once. A lost one hangs the
// test.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scale.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/call_on.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::stress {
namespace {

/// What only its own shard touches: thread sanitizer sees when that is not so.
struct alignas(64) owned_by_shard {
    std::uint64_t calls = 0;
};

constexpr unsigned shards = 3;
using owned = std::vector<owned_by_shard>;

task<std::uint64_t> caller(owned& counts, std::uint64_t seed, std::uint64_t calls) {
    testing::random_source random(seed);
    std::uint64_t made = 0;
    for (std::uint64_t i = 0; i < calls; ++i) {
        const auto target = static_cast<unsigned>(random.below(shards));
        const auto answer = co_await call_on(target, [&counts, target, i] {
            EXPECT_EQ(this_shard::id(), target);
            ++counts[target].calls;
            return i;
        });
        EXPECT_EQ(answer, i);
        made += answer.has_value() ? 1 : 0;
        if (random.below(500) == 0)
            (void)co_await sleep_for(std::chrono::microseconds(random.below(50)));
    }
    co_return made;
}

class Calls : public ::testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(Stress, Calls, ::testing::Values(0u, 20u), [](const auto& tested) {
    return tested.param == 0 ? std::string("sleeping") : std::string("spinning");
});

TEST_P(Calls, AreMadeOnceWhereTheyShouldBe) {
    const std::uint64_t each = times(20'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    auto all = [&]() -> task<void> {
        owned counts(shards);
        std::vector<join_handle<std::uint64_t>> running;
        for (unsigned i = 0; i < 12; ++i) {
            const auto where =
                i % 2 == 0 ? placement::stealable() : placement::pinned(i / 2 % shards);
            running.push_back(
                value_or_throw(this_runtime().spawn(where, caller(counts, seed + i, each))));
        }
        std::uint64_t made = 0;
        for (auto& one : running)
            made += co_await std::move(one);
        EXPECT_EQ(made, 12 * each);
        std::uint64_t seen = 0;
        for (unsigned shard = 0; shard < shards; ++shard)
            seen += value_or_throw(co_await call_on(shard, [&] { return counts[shard].calls; }));
        EXPECT_EQ(seen, made);
    };
    run_with(runtime_builder().shards(shards).spin_us(GetParam()), all);
}

}  // namespace
}  // namespace spargio::stress
