// Whom a thief looks at, how long it goes on, and when it comes again.

#include "spargio/shard/victim_search.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace spargio::detail {
namespace {

using numbers = std::vector<unsigned>;

/// Others with so much each; steals what `gives` says, one after the other, and then nothing.
struct scene {
    steal_options how;
    numbers has;
    numbers gives{};
    victim_search victims{how};
    numbers looked_at{};
    numbers stolen_from{};

    unsigned search() {
        looked_at.clear();
        stolen_from.clear();
        return victims.search(
            static_cast<unsigned>(has.size()),
            [&](unsigned which) {
                looked_at.push_back(which);
                return has.at(which);
            },
            [&](unsigned which) {
                stolen_from.push_back(which);
                if (gives.empty())
                    return 0u;
                const unsigned given = gives.front();
                gives.erase(gives.begin());
                return given;
            });
    }
};

TEST(VictimSearch, TakesFromTheBusiestOfThoseItLooksAt) {
    for (const auto& [probes, busiest] : {std::pair{1u, 0u}, {2u, 1u}, {3u, 1u}, {4u, 3u}}) {
        scene five{.how = {.probe_count = probes}, .has = {2, 5, 3, 9, 20}, .gives = {7}};
        EXPECT_EQ(five.search(), 7u);
        EXPECT_EQ(five.looked_at.size(), probes);
        EXPECT_EQ(five.stolen_from, (numbers{busiest}));
    }
}

TEST(VictimSearch, LooksAtNobodyTwice) {
    scene two{.how = {.probe_count = 16}, .has = {0, 3}, .gives = {1}};
    EXPECT_EQ(two.search(), 1u);
    EXPECT_EQ(two.looked_at, (numbers{0, 1}));
}

TEST(VictimSearch, GoesByItsStride) {
    scene five{.how = {.probe_count = 3, .victim_stride = 2}, .has = numbers(5)};
    EXPECT_EQ(five.search(), 0u);
    EXPECT_EQ(five.looked_at, (numbers{0, 2, 4}));
    EXPECT_EQ(five.search(), 0u);
    EXPECT_EQ(five.looked_at, (numbers{1, 3, 0}));
}

TEST(VictimSearch, ReachesEverybodyWhateverTheStride) {
    for (unsigned stride = 1; stride != 9; ++stride) {
        for (unsigned loaded = 0; loaded != 4; ++loaded) {
            scene four{.how = {.probe_count = 2, .victim_stride = stride}, .has = numbers(4)};
            four.has[loaded] = 1;
            four.gives = {1};
            int searches = 1;
            while (four.search() == 0)
                ASSERT_LT(++searches, 5) << "stride " << stride << " to " << loaded;
        }
    }
}

TEST(VictimSearch, ATheftThatFoundNothingCostsWhatItSays) {
    // Two looks and the failure come off the budget each time.
    for (const auto& [fail_cost, thefts] : {std::pair{0u, 6u}, {1u, 4u}, {4u, 2u}, {10u, 1u}}) {
        scene two{.how = {.probe_count = 2, .budget = 12, .fail_cost = fail_cost}, .has = {1, 1}};
        EXPECT_EQ(two.search(), 0u);
        EXPECT_EQ(two.stolen_from.size(), thefts) << "at a cost of " << fail_cost;
    }
}

TEST(VictimSearch, GoesOnAfterATheftThatFoundNothing) {
    scene two{.how = {.probe_count = 2}, .has = {1, 1}, .gives = {0, 0, 5}};
    EXPECT_EQ(two.search(), 5u);
    EXPECT_EQ(two.stolen_from.size(), 3u);
}

TEST(VictimSearch, LooksAtNoMoreThanItsBudget) {
    scene five{.how = {.probe_count = 4, .budget = 6}, .has = numbers(5, 1)};
    EXPECT_EQ(five.search(), 0u);
    EXPECT_EQ(five.looked_at.size(), 4u);  // and the failure costs what was left

    scene few{.how = {.probe_count = 4, .budget = 6, .fail_cost = 0}, .has = numbers(5, 1)};
    EXPECT_EQ(few.search(), 0u);
    EXPECT_EQ(few.looked_at.size(), 6u);
}

numbers looks_of(const steal_options& how, unsigned until) {
    search_pace pace(how);
    numbers due;
    for (unsigned look = 1; look <= until; ++look) {
        if (pace.due(look))
            due.push_back(look);
    }
    return due;
}

TEST(SearchPace, DoublesItsGapsUpToTheLongest) {
    EXPECT_EQ(looks_of({.backoff_min = 2, .backoff_max = 16}, 70), (numbers{2, 6, 14, 30, 46, 62}));
    EXPECT_EQ(looks_of({.backoff_min = 5, .backoff_max = 12}, 40), (numbers{5, 15, 27, 39}));
    EXPECT_EQ(looks_of({.backoff_min = 3, .backoff_max = 3}, 12), (numbers{3, 6, 9, 12}));
}

}  // namespace
}  // namespace spargio::detail
