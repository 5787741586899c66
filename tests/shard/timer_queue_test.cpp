#include "spargio/shard/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "../stress/scale.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::shard_test {
namespace {

using detail::timer;
using detail::timer_queue;
using detail::work_item;
using detail::work_list;

struct timed : work_item {
    timed() : work_item([](work_item&) noexcept {}) { entry.waiter = this; }
    timer entry;
    std::uint64_t deadline = 0;
};

std::vector<timed*> popped(work_list& ready) {
    std::vector<timed*> items;
    while (!ready.empty())
        items.push_back(&static_cast<timed&>(ready.pop()));
    return items;
}

TEST(TimerQueue, EmptyQueueHasNoDeadline) {
    timer_queue queue;
    work_list ready;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.earliest_ns(), timer_queue::never);
    EXPECT_EQ(queue.fire(timer_queue::never, ready), 0u);
}

TEST(TimerQueue, FiresUpToNowAndNotBeyond) {
    timer_queue queue;
    work_list ready;
    timed early, late;
    queue.arm(late.entry, 20);
    queue.arm(early.entry, 10);
    EXPECT_EQ(queue.size(), 2u);
    EXPECT_EQ(queue.earliest_ns(), 10u);
    EXPECT_EQ(queue.fire(9, ready), 0u);
    EXPECT_EQ(queue.fire(10, ready), 1u);
    EXPECT_EQ(&ready.pop(), &early);
    EXPECT_FALSE(early.entry.armed());
    EXPECT_TRUE(late.entry.armed());
    EXPECT_EQ(queue.earliest_ns(), 20u);
    EXPECT_TRUE(queue.cancel(late.entry));
}

TEST(TimerQueue, CancelSaysWhetherItWasArmed) {
    timer_queue queue;
    work_list ready;
    timed item;
    EXPECT_FALSE(queue.cancel(item.entry));
    queue.arm(item.entry, 10);
    EXPECT_TRUE(queue.cancel(item.entry));
    EXPECT_FALSE(queue.cancel(item.entry));
    queue.arm(item.entry, 10);
    EXPECT_EQ(queue.fire(10, ready), 1u);
    EXPECT_FALSE(queue.cancel(item.entry));
}

TEST(TimerQueue, EqualDeadlinesAllFire) {
    timer_queue queue;
    std::vector<timed> items(1'000);
    for (auto& item : items)
        queue.arm(item.entry, 5);
    // Out of the middle, the top and the end.
    for (const std::size_t gone : {500u, 0u, 999u})
        EXPECT_TRUE(queue.cancel(items[gone].entry));
    work_list ready;
    EXPECT_EQ(queue.fire(5, ready), 997u);
    const auto fired = popped(ready);
    EXPECT_EQ(std::set<timed*>(fired.begin(), fired.end()).size(), 997u);
    EXPECT_TRUE(queue.empty());
}

TEST(TimerQueue, UpToAMillionFireInOrder) {
    const std::size_t count = stress::up_to_a_million();
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    timer_queue queue;
    const auto items = std::make_unique<timed[]>(count);
    for (std::size_t i = 0; i < count; ++i) {
        items[i].deadline = random.below(1'000'000);
        queue.arm(items[i].entry, items[i].deadline);
    }
    std::uint64_t previous = 0;
    std::size_t fired = 0;
    for (std::uint64_t now = 0; !queue.empty(); now += 1 + random.below(20'000)) {
        work_list ready;
        const unsigned due = queue.fire(now, ready);
        ASSERT_EQ(due, ready.size());
        while (!ready.empty()) {
            const auto& item = static_cast<timed&>(ready.pop());
            ASSERT_LE(item.deadline, now);
            ASSERT_GE(item.deadline, previous);
            previous = item.deadline;
            ++fired;
        }
        ASSERT_GT(queue.earliest_ns(), now);
    }
    EXPECT_EQ(fired, count);
}

TEST(TimerQueue, AStormOfCancelsAmongUpToAMillionLeavesNothingBehind) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    const std::size_t count = stress::up_to_a_million();
    timer_queue queue;
    const auto items = std::make_unique<timed[]>(count);
    for (std::size_t i = 0; i < count; ++i)
        queue.arm(items[i].entry, 1'000 + random.below(1'000'000));
    for (std::size_t i = 0; i < count; ++i) {
        timed& item = items[random.below(count)];
        ASSERT_TRUE(queue.cancel(item.entry));
        ASSERT_EQ(queue.size(), count - 1);
        queue.arm(item.entry, 1'000 + random.below(1'000'000));
    }
    ASSERT_EQ(queue.size(), count);
    work_list ready;
    EXPECT_EQ(queue.fire(999, ready), 0u);
    EXPECT_EQ(queue.fire(1'001'000, ready), count);
    EXPECT_TRUE(queue.empty());
    while (!ready.empty())
        (void)ready.pop();
}

/// Against a sorted set: arms, cancels anywhere, fires; deadlines collide often.
TEST(TimerQueue, RandomStepsMatchASortedSet) {
    const std::uint64_t seed = testing::process_seed();
    for (std::uint64_t run = 0; run < 20; ++run) {
        SCOPED_TRACE(seed + run);
        testing::random_source random(seed + run);
        constexpr std::size_t count = 200;
        const auto items = std::make_unique<timed[]>(count);
        timer_queue queue;
        std::set<std::pair<std::uint64_t, timed*>> model;
        std::uint64_t now = 0;
        const std::uint64_t spread = 1 + random.below(300);
        for (int step = 0; step < 5'000; ++step) {
            timed& item = items[random.below(count)];
            if (item.entry.armed() && random.chance(60)) {
                ASSERT_TRUE(queue.cancel(item.entry));
                ASSERT_EQ(model.erase({item.deadline, &item}), 1u);
            } else if (!item.entry.armed()) {
                item.deadline = now + random.below(spread);
                queue.arm(item.entry, item.deadline);
                model.emplace(item.deadline, &item);
            } else {
                now += random.below(1 + spread / 8);
                work_list ready;
                queue.fire(now, ready);
                std::vector<std::uint64_t> fired, expected;
                for (const timed* each : popped(ready)) {
                    ASSERT_EQ(model.count({each->deadline, const_cast<timed*>(each)}), 1u);
                    fired.push_back(each->deadline);
                }
                while (!model.empty() && model.begin()->first <= now) {
                    ASSERT_FALSE(model.begin()->second->entry.armed());
                    expected.push_back(model.begin()->first);
                    model.erase(model.begin());
                }
                ASSERT_EQ(fired, expected);
            }
            ASSERT_EQ(queue.size(), model.size());
            ASSERT_EQ(queue.earliest_ns(),
                      model.empty() ? timer_queue::never : model.begin()->first);
        }
        for (const auto& [deadline, item] : model)
            ASSERT_TRUE(queue.cancel(item->entry));
        ASSERT_TRUE(queue.empty());
    }
}

TEST(TimerQueueDeathTest, ATimerOutlivesItsPlaceInTheQueue) {
#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
    EXPECT_DEATH(
        {
            timer_queue queue;
            timed item;
            queue.arm(item.entry, 1);
        },
        "armed");
#else
    GTEST_SKIP() << "asserts are off";
#endif
}

}  // namespace
}  // namespace spargio::shard_test
