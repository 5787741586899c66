#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::with_shards;

std::size_t at(placement::kind which) {
    return static_cast<std::size_t>(which);
}

TEST(TimeHistogram, QuantilesAreNeverTooSmall) {
    time_histogram empty;
    EXPECT_EQ(empty.quantile_ns(0.5), 0u);
    detail::time_counts counted;
    counted.add(0, 1);
    counted.add(100, 98);
    counted.add(1'000'000, 1);
    counted.add(~std::uint64_t{0}, 1);
    const time_histogram seen = counted.get();
    EXPECT_EQ(seen.total(), 101u);
    EXPECT_EQ(seen.quantile_ns(0), 1u);
    EXPECT_EQ(seen.quantile_ns(0.5), 127u);
    EXPECT_EQ(seen.quantile_ns(0.99), 1'048'575u);
    EXPECT_EQ(seen.counts.back(), 1u);
}

TEST(Stats, CountSpawnsByPlacement) {
    runtime own = with_shards(2);
    const auto nothing = []() -> task<void> { co_return; };
    std::vector<join_handle<void>> all;
    for (const placement where :
         {placement::pinned(1), placement::pinned(1), placement::round_robin(),
          placement::sticky(7), placement::stealable(), placement::stealable_preferred(0)})
        all.push_back(value_or_throw(own.handle().spawn(where, nothing())));
    for (auto& each : all)
        each.wait();
    own.block_on(0, [&]() -> task<void> { co_await *this_shard::spawn(nothing()); });
    std::array<std::uint64_t, 6> sum{};
    for (unsigned shard = 0; shard < 2; ++shard) {
        for (std::size_t kind = 0; kind != sum.size(); ++kind)
            sum[kind] += own.stats(shard).spawned_as[kind];
    }
    EXPECT_EQ(own.stats(1).spawned_as[at(placement::kind::pinned)], 2u);
    EXPECT_EQ(sum[at(placement::kind::round_robin)], 1u);
    EXPECT_EQ(sum[at(placement::kind::sticky)], 1u);
    EXPECT_EQ(sum[at(placement::kind::stealable)], 1u);
    EXPECT_EQ(sum[at(placement::kind::stealable_preferred)], 1u);
    EXPECT_EQ(own.stats(0).spawned_as[at(placement::kind::local)], 1u);
}

TEST(Stats, CountWhatRanWhere) {
    runtime own = with_shards(1);
    const auto child = []() -> task<void> { co_return; };
    value_or_throw(own.handle().spawn(placement::stealable(), [&]() -> task<void> {
        for (int i = 0; i < 10; ++i) {
            co_await yield();
            co_await when_all(child(), child(), child());
        }
    })).wait();
    // What ran is told by the time the shard waits.
    while (own.stats(0).stealable_run < 10)
        std::this_thread::yield();
    const shard_stats seen = own.stats(0);
    EXPECT_LE(seen.stealable_run, seen.items_run);
    EXPECT_EQ(seen.forks_in_place, 20u);
}

TEST(Stats, TellHowBusyAShardIsAndHowLongItsTurnsAre) {
    runtime own = with_shards(2);
    own.block_on(0, []() -> task<void> {
        for (int i = 0; i < 20; ++i) {
            const auto end = std::chrono::steady_clock::now() + 1ms;
            while (std::chrono::steady_clock::now() < end) {
            }
            co_await yield();
        }
    });
    const shard_stats seen = own.stats(0);
    EXPECT_GE(seen.busy_ns, 20'000'000u);
    EXPECT_GE(seen.lifetime_ns, seen.busy_ns);
    EXPECT_GT(seen.busy_ratio(), 0);
    EXPECT_LE(seen.busy_ratio(), 1);
    // Twenty turns took a millisecond or more; a few short ones came before and after.
    EXPECT_GE(seen.turn_time.quantile_ns(1), 1'000'000u);
    EXPECT_GE(seen.item_time.quantile_ns(0.9), 1'000'000u);
    EXPECT_GE(seen.turn_time.total(), 20u);
}

}  // namespace
}  // namespace spargio
