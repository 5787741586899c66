// What each option of stealing does in a runtime.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "../shard/forwarding_kernel.hpp"
#include "spargio/shard/shard.hpp"
#include "steal_stage.hpp"

namespace spargio {
namespace {

using runtime_test::anything_goes;
using runtime_test::comes_to_be;
using runtime_test::steal_stage;
using runtime_test::stealing_alone;

/// What shard 1 takes at once of so many on shard 0.
unsigned taken_of(unsigned queued, const steal_options& how) {
    steal_stage stage(how, {queued, 0});
    const shard_stats after = stage.theft_of(1);
    EXPECT_EQ(after.thefts, 1u);
    return static_cast<unsigned>(after.items_stolen);
}

class StealKnobs : public ::testing::TestWithParam<steal_options::queue> {
protected:
    [[nodiscard]] static steal_options with(steal_options how) {
        how.backend = GetParam();
        return anything_goes(how);
    }
};

TEST_P(StealKnobs, ATheftTakesHalfOfAQueue) {
    EXPECT_EQ(taken_of(10, with({})), 5u);
    EXPECT_EQ(taken_of(7, with({})), 4u);
    EXPECT_EQ(taken_of(1, with({})), 1u);
}

TEST_P(StealKnobs, AndNoMoreThanABatch) {
    EXPECT_EQ(taken_of(100, with({})), 16u);
    EXPECT_EQ(taken_of(100, with({.batch_size = 3})), 3u);
    EXPECT_EQ(taken_of(100, with({.batch_size = 1})), 1u);
    EXPECT_EQ(taken_of(100, with({.batch_size = 1000})), 50u);
}

TEST_P(StealKnobs, TheMarginStaysWithTheVictim) {
    EXPECT_EQ(taken_of(10, with({.locality_margin = 4})), 3u);
    EXPECT_EQ(taken_of(5, with({.locality_margin = 4})), 1u);
    for (const unsigned queued : {3u, 4u}) {
        steal_stage stage(with({.locality_margin = 4}), {queued, 0});
        EXPECT_TRUE(stage.finds_nothing(1));
    }
}

TEST_P(StealKnobs, WhatDoesNotFitCannotBeStolen) {
    EXPECT_EQ(taken_of(100, with({.batch_size = 1000, .capacity = 16})), 8u);
}

INSTANTIATE_TEST_SUITE_P(Runtime, StealKnobs,
                         ::testing::Values(steal_options::queue::lock_free,
                                           steal_options::queue::mutex),
                         [](const auto& tested) {
                             return tested.param == steal_options::queue::mutex ? "mutex"
                                                                                : "lock_free";
                         });

// --- worth ---------------------------------------------------------------------------------------

constexpr unsigned crowd = 20;
/// What one of a crowd is taken to last before any has been measured.
const std::uint32_t unmeasured_ns = detail::turn_times().item_ns_among(crowd);

TEST(StealWorth, ItemsThatTakeLessThanATheftStay) {
    EXPECT_EQ(taken_of(crowd, {.item_worth_ns = unmeasured_ns, .worth_ns = 0}), crowd / 2);
    steal_stage stage({.item_worth_ns = unmeasured_ns + 1, .worth_ns = 0}, {crowd, 0});
    EXPECT_TRUE(stage.finds_nothing(1));
}

TEST(StealWorth, QueuesWithLessWorkThanThisStay) {
    const unsigned all_ns = crowd * unmeasured_ns;
    EXPECT_EQ(taken_of(crowd, {.item_worth_ns = 0, .worth_ns = all_ns}), crowd / 2);
    steal_stage stage({.item_worth_ns = 0, .worth_ns = all_ns + 1}, {crowd, 0});
    EXPECT_TRUE(stage.finds_nothing(1));
}

// --- whom it looks at ----------------------------------------------------------------------------

/// Shard 1 looks at shards 2, 3 and 0, in this order.
unsigned taken_by_look(const steal_options& how) {
    steal_stage stage(anything_goes(how), {10, 0, 4, 6});
    const shard_stats after = stage.theft_of(1);
    EXPECT_EQ(after.searches, 1u);
    EXPECT_EQ(after.probes, how.probe_count);
    return static_cast<unsigned>(after.items_stolen);
}

TEST(StealVictims, TheBusiestOfSoManyProbesLoses) {
    EXPECT_EQ(taken_by_look({.probe_count = 1}), 2u);
    EXPECT_EQ(taken_by_look({.probe_count = 2}), 3u);
    EXPECT_EQ(taken_by_look({.probe_count = 3}), 5u);
}

TEST(StealVictims, TheStrideLeadsFromOneToTheNext) {
    EXPECT_EQ(taken_by_look({.probe_count = 2, .victim_stride = 2}), 5u);
}

/// A thief never looks at itself: of two shards the first look is at the other one.
TEST(StealVictims, TheFirstSearchOfTwoShardsFindsTheOther) {
    for (unsigned thief = 0; thief != 2; ++thief) {
        const std::vector<unsigned> queued =
            thief == 1 ? std::vector<unsigned>{8, 0} : std::vector<unsigned>{0, 8};
        steal_stage stage(anything_goes(), queued);
        const shard_stats after = stage.theft_of(thief);
        EXPECT_EQ(after.searches, 1u);
        EXPECT_EQ(after.probes, 1u);
        EXPECT_EQ(after.items_stolen, 4u);
    }
}

/// Only the shard that shard 1 looks at last, of five, has anything.
TEST(StealVictims, TheBudgetEndsASearch) {
    for (const auto& [budget, searches] : {std::pair{1u, 5u}, {2u, 4u}, {3u, 3u}, {16u, 1u}}) {
        steal_stage stage(anything_goes({.probe_count = 16, .budget = budget}), {8, 0, 0, 0, 0, 0});
        const shard_stats after = stage.theft_of(1);
        EXPECT_EQ(after.searches, searches) << "with a budget of " << budget;
        EXPECT_EQ(after.probes, searches * std::min(budget, 5u));
        EXPECT_EQ(after.searches_in_vain, 0u);
    }
}

// --- who looks, and how often --------------------------------------------------------------------

/// The system's, but that its clock stands still unless the test moves it.
class still_kernel final : public shard_test::forwarding_kernel {
public:
    still_kernel() : forwarding_kernel(system_kernel()) {}

    std::atomic<std::uint64_t> time_ns = 1'000'000'000;
    std::array<std::atomic<std::uint64_t>, 8> looks{};  // at the clock, by each shard

    std::uint64_t now_ns() noexcept override {
        if (const shard* const own = shard::current())
            ++looks.at(own->index());
        return time_ns;
    }
};

/// With a clock that stands still a spin never ends, and so whoever searches goes on.
TEST(StealSearchers, HalfTheShardsSearchAtOnce) {
    constexpr unsigned shards = 5;
    still_kernel kernel;
    const auto own = stealing_alone(shards, {}).spin_us(1).build_on(kernel);
    ASSERT_TRUE(own.has_value()) << own.error().message;
    for (unsigned shard = 0; shard != shards; ++shard)
        EXPECT_TRUE(comes_to_be([&] { return kernel.looks.at(shard) > 1000; }));
    unsigned searchers = 0;
    for (unsigned shard = 0; shard != shards; ++shard)
        searchers += own->stats(shard).searches != 0 ? 1 : 0;
    EXPECT_EQ(searchers, shards / 2);
}

struct long_spin {
    std::uint64_t searches;
    std::uint64_t looks;  // at memory, more or less
};

/// Of the one of two shards that searches, while both spin for long.
long_spin spin_of_searcher(const steal_options& how) {
    constexpr unsigned looks_per_clock_read = 32;
    still_kernel kernel;
    const auto own = stealing_alone(2, how).spin_us(1).build_on(kernel);
    EXPECT_TRUE(own.has_value());
    EXPECT_TRUE(comes_to_be([&] { return kernel.looks[0] > 3000 && kernel.looks[1] > 3000; }));
    kernel.time_ns += 1'000'000;
    EXPECT_TRUE(comes_to_be([&] { return own->stats(0).parks != 0 && own->stats(1).parks != 0; }));
    // The other one may have had a turn at it in the end.
    const unsigned searcher = own->stats(0).searches > own->stats(1).searches ? 0 : 1;
    return {own->stats(searcher).searches, kernel.looks[searcher] * looks_per_clock_read};
}

TEST(StealSearchers, SearchAtEveryLookOrNowAndThen) {
    const long_spin dense = spin_of_searcher({.backoff_min = 1, .backoff_max = 1});
    EXPECT_GE(dense.searches, dense.looks * 9 / 10);
    const long_spin usual = spin_of_searcher({});
    EXPECT_GE(usual.searches, usual.looks / 16 * 9 / 10);
    EXPECT_LE(usual.searches, usual.looks / 16 + 4);
    const long_spin sparse = spin_of_searcher({.backoff_min = 65'536, .backoff_max = 65'536});
    EXPECT_GE(sparse.searches, 1u);
    EXPECT_LE(sparse.searches, sparse.looks / 65'536);
}

/// Shard 1 sleeps while shard 0 runs 200 items that take a microsecond each. \return how often a
/// searcher had been woken when each of those that ran here began, and in the end.
std::vector<std::uint64_t> woken_for_items(unsigned wake_delay_ns) {
    still_kernel kernel;
    auto own = stealing_alone(2, anything_goes({.wake_delay_ns = wake_delay_ns})).build_on(kernel);
    EXPECT_TRUE(own.has_value());
    EXPECT_TRUE(comes_to_be([&] { return own->stats(1).parks != 0; }));
    std::vector<std::uint64_t> woken;
    own->block_on(0, [&]() -> task<void> {
        std::vector<join_handle<void>> all;
        for (unsigned i = 0; i != 200; ++i) {
            all.push_back(value_or_throw(this_runtime().spawn_stealable_on(0, [&]() -> task<void> {
                if (this_shard::id() == 0)
                    woken.push_back(own->stats(0).searchers_woken);
                kernel.time_ns += 1000;
                co_return;
            })));
        }
        for (auto& each : all)
            co_await each;
    });
    woken.push_back(own->stats(0).searchers_woken);
    return woken;
}

TEST(StealWakes, ASleeperIsWokenForWhatHasLainAboutForSoLong) {
    const std::vector<std::uint64_t> woken = woken_for_items(5000);
    ASSERT_GE(woken.size(), 6u);
    // That is decided between two items, at the end of the fifth.
    for (unsigned item = 0; item != 5; ++item)
        EXPECT_EQ(woken[item], 0u) << item;
    EXPECT_GE(woken.back(), 1u);
}

TEST(StealWakes, NobodyIsWokenForWhatIsOverSooner) {
    EXPECT_EQ(woken_for_items(200'001), std::vector<std::uint64_t>(201, 0));
}

}  // namespace
}  // namespace spargio
