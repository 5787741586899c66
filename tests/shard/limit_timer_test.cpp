#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "../stress/scale.hpp"
#include "spargio/shard/timer_queue.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::shard_test {
namespace {

using detail::limit_timer;
using detail::timer_queue;
using detail::work_item;
using detail::work_list;

constexpr std::uint64_t youth = timer_queue::youth_ns;

struct limited : work_item {
    limited() : work_item([](work_item&) noexcept {}) { entry.waiter = this; }
    limit_timer entry;
};

/// How many fire at that time.
unsigned fire(timer_queue& queue, std::uint64_t now_ns) {
    work_list ready;
    const unsigned fired = queue.fire(now_ns, ready);
    EXPECT_EQ(ready.size(), fired);
    while (!ready.empty())
        (void)ready.pop();
    return fired;
}

TEST(LimitTimer, CountsFromTheNextLookAtTheClock) {
    for (const std::uint64_t wait : {std::uint64_t{10}, youth, 3 * youth}) {
        timer_queue queue;
        limited item;
        queue.arm_for(item.entry, wait);
        EXPECT_EQ(queue.size(), 1u);
        EXPECT_EQ(fire(queue, 1'000), 0u);
        EXPECT_EQ(fire(queue, 1'000 + wait - 1), 0u);
        EXPECT_TRUE(item.entry.armed());
        EXPECT_EQ(fire(queue, 1'000 + wait), 1u);
        EXPECT_FALSE(item.entry.armed());
        EXPECT_TRUE(queue.empty());
    }
}

TEST(LimitTimer, OfNothingFiresAtOnce) {
    timer_queue queue;
    limited item;
    queue.arm_for(item.entry, 0);
    EXPECT_EQ(fire(queue, 1'000), 1u);
}

TEST(LimitTimer, TheEndOfTimeIsNoOverflow) {
    timer_queue queue;
    limited item;
    queue.arm_for(item.entry, timer_queue::never);
    EXPECT_EQ(fire(queue, youth), 0u);
    EXPECT_EQ(fire(queue, 2 * youth), 0u);
    EXPECT_EQ(queue.earliest_ns(), timer_queue::never - 1);
    EXPECT_TRUE(queue.cancel(item.entry));
}

TEST(LimitTimer, IsCancelledAtAnyAge) {
    timer_queue queue;
    limited fresh, young, old;
    queue.arm_for(old.entry, 10 * youth);
    EXPECT_EQ(fire(queue, 1'000), 0u);
    queue.arm_for(young.entry, 10 * youth);
    EXPECT_EQ(fire(queue, 1'000 + youth), 0u);
    queue.arm_for(fresh.entry, 10 * youth);
    for (limited* each : {&fresh, &young, &old}) {
        EXPECT_TRUE(queue.cancel(each->entry));
        EXPECT_FALSE(queue.cancel(each->entry));
        EXPECT_FALSE(each->entry.armed());
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(fire(queue, 100 * youth), 0u);
}

TEST(LimitTimer, WhileItIsYoungIsLookedAtBeforeItIsDue) {
    timer_queue queue;
    limited item;
    queue.arm_for(item.entry, 10 * youth);
    queue.begin(1'000);
    EXPECT_EQ(queue.earliest_ns(), 1'000 + youth);
    EXPECT_EQ(fire(queue, 1'000 + youth), 0u);
    EXPECT_EQ(queue.earliest_ns(), 1'000 + 10 * youth);
    EXPECT_TRUE(queue.cancel(item.entry));
}

TEST(LimitTimer, SortedIsNotLookedAtBeforeItIsDue) {
    constexpr unsigned count = 1'000;
    const auto items = std::make_unique<limited[]>(count);
    timer_queue queue;
    for (unsigned i = 0; i < count; ++i)
        queue.arm_for(items[i].entry, 2 * youth + i);
    queue.begin(1'000);
    unsigned steps = 1;
    while (queue.sort_some())
        ++steps;
    // A bounded number at a time.
    EXPECT_EQ(steps, 4u);
    EXPECT_EQ(queue.earliest_ns(), 1'000 + 2 * youth);
    EXPECT_EQ(fire(queue, 1'000 + 2 * youth + count / 2 - 1), count / 2);
    EXPECT_EQ(fire(queue, 1'000 + 2 * youth + count), count / 2);
}

/// Limits that are set and cancelled again and again while very many others are armed are
/// counted once each, whether they are young or have been sorted.
TEST(LimitTimer, AStormLeavesNoneBehind) {
    const std::size_t others = stress::up_to_a_million();
    const auto items = std::make_unique<limited[]>(others);
    timer_queue queue;
    for (std::size_t i = 0; i < others; ++i)
        queue.arm_for(items[i].entry, 1'000 * youth + i);
    std::uint64_t now = 0;
    for (unsigned round = 0; round < 1'000; ++round) {
        limited storm[100];
        for (limited& each : storm)
            queue.arm_for(each.entry, 500 * youth);
        ASSERT_EQ(queue.size(), others + std::size(storm));
        ASSERT_EQ(fire(queue, now += youth / 8), 0u);
        for (limited& each : storm)
            ASSERT_TRUE(queue.cancel(each.entry));
        ASSERT_EQ(queue.size(), others);
    }
    EXPECT_EQ(fire(queue, 2'000 * youth), others);
    EXPECT_TRUE(queue.empty());
}

TEST(LimitTimer, AnOrdinaryDeadlineGoesWhereOthersAre) {
    timer_queue queue;
    limited item;
    queue.arm(item.entry, 10);
    EXPECT_EQ(queue.earliest_ns(), 10u);
    EXPECT_EQ(fire(queue, 10), 1u);
}

/// Never early, and never left: a limit counts from the first look at the clock after it was set.
TEST(LimitTimer, RandomStepsMatchAMap) {
    const std::uint64_t seed = testing::process_seed();
    for (std::uint64_t run = 0; run < 20; ++run) {
        SCOPED_TRACE(seed + run);
        testing::random_source random(seed + run);
        constexpr std::size_t count = 100;
        const auto items = std::make_unique<limited[]>(count);
        timer_queue queue;
        std::map<limited*, std::uint64_t> waits;  // armed since the last look
        std::map<limited*, std::uint64_t> deadlines;
        std::uint64_t now = 0;
        const auto look = [&] {
            for (const auto& [item, wait] : waits)
                deadlines[item] = now + wait;
            waits.clear();
        };
        for (int step = 0; step < 5'000; ++step) {
            limited& item = items[random.below(count)];
            if (random.chance(40)) {
                ASSERT_EQ(queue.cancel(item.entry), waits.erase(&item) + deadlines.erase(&item));
            } else if (random.chance(70)) {
                if (item.entry.armed())
                    continue;
                const std::uint64_t wait = random.below(4) * youth / 2 + random.below(3);
                queue.arm_for(item.entry, wait);
                waits[&item] = wait;
            } else if (random.chance(10)) {
                (void)queue.sort_some();
            } else {
                now += random.below(youth / 2);
                look();
                work_list ready;
                queue.fire(now, ready);
                while (!ready.empty()) {
                    auto& due = static_cast<limited&>(ready.pop());
                    ASSERT_LE(deadlines.at(&due), now);
                    deadlines.erase(&due);
                }
                for (const auto& [waiting, deadline] : deadlines) {
                    ASSERT_GT(deadline, now);
                    ASSERT_GE(deadline, queue.earliest_ns());
                }
            }
            ASSERT_EQ(queue.size(), waits.size() + deadlines.size());
        }
        for (std::size_t i = 0; i < count; ++i)
            (void)queue.cancel(items[i].entry);
        ASSERT_TRUE(queue.empty());
    }
}

}  // namespace
}  // namespace spargio::shard_test
