#include "spargio/shard/run_queues.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace spargio {
namespace {

using detail::run_queues;
using detail::work_item;
using detail::work_kind;

struct ready : work_item {
    explicit ready(work_kind which) : work_item([](work_item&) noexcept {}) { kind = which; }
};

class RunQueues : public ::testing::Test {
protected:
    static constexpr unsigned capacity = 256;

    ready& make(work_kind kind) {
        made.push_back(std::make_unique<ready>(kind));
        return *made.back();
    }
    ready& pinned() { return make(work_kind::pinned); }
    ready& stealable() { return make(work_kind::stealable); }

    std::vector<std::unique_ptr<ready>> made;
    run_queues queues{steal_options{.capacity = capacity}};
};

TEST_F(RunQueues, BothLanesTakeTurnsInTheirOwnOrder) {
    std::vector<work_item*> own, shared;
    for (int i = 0; i < 10; ++i) {
        own.push_back(&pinned());
        shared.push_back(&stealable());
        queues.push(*own.back());
        queues.push(*shared.back());
    }
    std::vector<work_item*> own_run, shared_run;
    for (int i = 0; i < 20; ++i) {
        work_item* const run = queues.pop();
        ASSERT_NE(run, nullptr);
        (run->kind == work_kind::pinned ? own_run : shared_run).push_back(run);
        // Neither gets ahead by more than one.
        EXPECT_LE(own_run.size(), shared_run.size() + 1);
        EXPECT_LE(shared_run.size(), own_run.size() + 1);
    }
    EXPECT_EQ(own_run, own);
    EXPECT_EQ(shared_run, shared);
    EXPECT_TRUE(queues.empty());
    EXPECT_EQ(queues.pop(), nullptr);
}

TEST_F(RunQueues, WhatTheRunningItemWokeGoesFirstNewestFirst) {
    work_item& waiting = stealable();
    work_item& older = stealable();
    work_item& newer = stealable();
    queues.push(waiting);
    queues.push_next(older);
    queues.push_next(newer);
    EXPECT_EQ(queues.pop(), &newer);
    EXPECT_EQ(queues.pop(), &older);
    EXPECT_EQ(queues.pop(), &waiting);
}

TEST_F(RunQueues, APinnedItemIsNeverNext) {
    work_item& waiting = pinned();
    work_item& woken = pinned();
    queues.push(waiting);
    queues.push_next(woken);
    EXPECT_EQ(queues.pop(), &waiting);
    EXPECT_EQ(queues.pop(), &woken);
}

/// Two items that wake each other for ever, beside one that waits in each lane.
TEST_F(RunQueues, AChainOfWakesStarvesNobody) {
    work_item& own = pinned();
    work_item& shared = stealable();
    work_item& old = stealable();
    queues.push(own);
    queues.push(shared);
    queues.push_next(old);
    work_item* chain[] = {&stealable(), &stealable()};
    queues.push_next(*chain[0]);
    std::vector<work_item*> others;
    constexpr unsigned round = run_queues::most_next_in_a_row + 1;
    for (unsigned i = 0; i <= (run_queues::turns_for_its_oldest + 1) * round; ++i) {
        work_item* const run = queues.pop();
        ASSERT_NE(run, nullptr);
        if (run == chain[0] || run == chain[1]) {
            queues.push_next(*chain[run == chain[0]]);
        } else {
            others.push_back(run);
        }
        if (i == 2 * round) {
            EXPECT_EQ(others.size(), 2u);
        }
    }
    EXPECT_EQ(others, (std::vector<work_item*>{&shared, &own, &old}));
}

TEST_F(RunQueues, ATreeOfForksIsRunFromItsNewestWhenThereIsNothingElse) {
    std::vector<ready*> forks;
    for (int i = 0; i < 100; ++i) {
        forks.push_back(&stealable());
        queues.push_next(*forks.back());
    }
    // Its oldest has one turn in eight of those that are not for the newest.
    for (unsigned run = 0; run != 99; ++run) {
        ASSERT_EQ(queues.pop(), forks.back()) << run;
        forks.pop_back();
    }
    EXPECT_EQ(queues.pop(), forks.back());
    EXPECT_TRUE(queues.empty());
}

TEST_F(RunQueues, StealsTheOldestAndNothingPinned) {
    work_item& own = pinned();
    work_item& first = stealable();
    work_item& second = stealable();
    work_item& woken = stealable();
    queues.push(own);
    queues.push(first);
    queues.push(second);
    queues.push_next(woken);
    EXPECT_EQ(queues.stealable(), 2u);
    EXPECT_EQ(queues.stealable_next(), 0u);
    EXPECT_EQ(queues.hidden(), 1u);
    queues.share_next(0);
    EXPECT_EQ(queues.stealable(), 2u);
    EXPECT_EQ(queues.stealable_next(), 1u);
    EXPECT_EQ(queues.steal(), &first);
    EXPECT_EQ(queues.steal(), &second);
    EXPECT_EQ(queues.steal(), nullptr);
    EXPECT_EQ(queues.steal_next(), &woken);
    EXPECT_EQ(queues.steal_next(), nullptr);
    EXPECT_EQ(queues.pop(), &own);
}

TEST_F(RunQueues, WhatWasQueuedLastCanBeTakenBack) {
    work_item& older = stealable();
    work_item& newer = stealable();
    queues.push_next(older);
    queues.push_next(newer);
    EXPECT_FALSE(queues.take_back(older));
    EXPECT_TRUE(queues.take_back(newer));
    EXPECT_FALSE(queues.take_back(newer));
    queues.share_next(0);
    EXPECT_EQ(queues.steal_next(), &older);
    EXPECT_FALSE(queues.take_back(older));
    EXPECT_TRUE(queues.empty());
}

TEST_F(RunQueues, WhatIsNextIsNobodyElsesBeforeItIsShared) {
    work_item& older = stealable();
    work_item& newer = stealable();
    queues.push_next(older);
    queues.push_next(newer);
    EXPECT_TRUE(queues.keeps_all_next());
    EXPECT_EQ(queues.steal_next(), nullptr);
    queues.share_next(1);
    EXPECT_FALSE(queues.keeps_all_next());
    EXPECT_EQ(queues.steal_next(), &older);
    EXPECT_EQ(queues.steal_next(), nullptr);
    queues.expose_next([] { return true; });
    EXPECT_EQ(queues.steal_next(), &newer);
}

TEST_F(RunQueues, WhatDoesNotFitIsRunHereAndNothingIsLost) {
    for (unsigned i = 0; i < 3 * capacity; ++i)
        queues.push_next(stealable());
    EXPECT_EQ(queues.stealable() + queues.hidden(), 2 * capacity);
    unsigned run = 0;
    while (queues.pop() != nullptr)
        ++run;
    EXPECT_EQ(run, 3 * capacity);
}

}  // namespace
}  // namespace spargio
