#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "spargio/shard/timer_queue.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::shard_test {
namespace {

using detail::movable_timer;
using detail::timer_queue;
using detail::work_item;
using detail::work_list;

struct moved_item : work_item {
    explicit moved_item(std::uint64_t deadline = 0)
        : work_item([](work_item&) noexcept {}), entry(deadline) {
        entry.waiter = this;
    }
    movable_timer entry;
};

TEST(MovableTimer, ThatMovesAwayStaysAndFiresLate) {
    timer_queue queue;
    work_list ready;
    moved_item item(10);
    queue.arm(item.entry);
    EXPECT_FALSE(item.entry.set(30));
    EXPECT_EQ(item.entry.deadline_ns(), 30u);
    EXPECT_EQ(queue.earliest_ns(), 10u);
    EXPECT_EQ(queue.fire(20, ready), 0u);
    EXPECT_EQ(queue.earliest_ns(), 30u);
    EXPECT_EQ(queue.fire(29, ready), 0u);
    EXPECT_EQ(queue.fire(30, ready), 1u);
    EXPECT_EQ(&ready.pop(), &item);
    EXPECT_FALSE(item.entry.armed());
}

TEST(MovableTimer, ThatComesNearerIsMovedUpByItsQueueOnly) {
    timer_queue queue, other;
    work_list ready;
    moved_item item(10), later(20);
    queue.arm(item.entry);
    queue.arm(later.entry);
    EXPECT_TRUE(later.entry.set(5));
    other.move_up(later.entry);
    EXPECT_EQ(queue.earliest_ns(), 10u);
    queue.move_up(later.entry);
    EXPECT_EQ(queue.earliest_ns(), 5u);
    EXPECT_FALSE(later.entry.set(7));
    EXPECT_EQ(queue.fire(8, ready), 1u);
    EXPECT_EQ(&ready.pop(), &later);
    // It is armed nowhere: there is nothing to move.
    EXPECT_FALSE(later.entry.set(1));
    queue.move_up(later.entry);
    EXPECT_TRUE(queue.cancel(item.entry));
    EXPECT_FALSE(item.entry.set(1));
}

TEST(MovableTimer, ThatMovesAwayAndBackAgainKeepsItsPlace) {
    timer_queue queue;
    work_list ready;
    moved_item item(10);
    queue.arm(item.entry);
    EXPECT_FALSE(item.entry.set(30));
    EXPECT_FALSE(item.entry.set(12));
    EXPECT_EQ(queue.fire(12, ready), 1u);
    (void)ready.pop();
}

TEST(MovableTimer, RandomStepsMatchASet) {
    const std::uint64_t seed = testing::process_seed();
    for (std::uint64_t run = 0; run < 20; ++run) {
        SCOPED_TRACE(seed + run);
        testing::random_source random(seed + run);
        constexpr std::size_t count = 100;
        const auto items = std::make_unique<moved_item[]>(count);
        timer_queue queue;
        std::set<moved_item*> armed;
        std::uint64_t now = 0;
        for (int step = 0; step < 5'000; ++step) {
            moved_item& item = items[random.below(count)];
            const std::uint64_t deadline = now + random.below(200);
            if (random.chance(10)) {
                ASSERT_EQ(queue.cancel(item.entry), armed.erase(&item) == 1);
            } else if (random.chance(80)) {
                if (item.entry.set(deadline))
                    queue.move_up(item.entry);
                if (armed.insert(&item).second)
                    queue.arm(item.entry);
            } else {
                now += random.below(50);
                work_list ready;
                const unsigned fired = queue.fire(now, ready);
                ASSERT_EQ(fired, ready.size());
                while (!ready.empty()) {
                    auto& due = static_cast<moved_item&>(ready.pop());
                    ASSERT_LE(due.entry.deadline_ns(), now);
                    ASSERT_EQ(armed.erase(&due), 1u);
                }
            }
            ASSERT_EQ(queue.size(), armed.size());
            for (const moved_item* each : armed)
                ASSERT_GE(each->entry.deadline_ns(), queue.earliest_ns());
        }
        for (moved_item* each : armed)
            ASSERT_TRUE(queue.cancel(each->entry));
    }
}

}  // namespace
}  // namespace spargio::shard_test
