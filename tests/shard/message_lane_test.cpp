#include "spargio/shard/message_lane.hpp"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "spargio/shard/inbox.hpp"
#include "spargio/testing/random_source.hpp"

namespace spargio::shard_test {
namespace {

using detail::inbox;
using detail::message_lane;

std::unique_ptr<message_lane> lane_of(unsigned capacity, unsigned source = 3) {
    return std::unique_ptr<message_lane>(message_lane::make(source, capacity));
}

std::vector<raw_message> some(std::uint64_t first, std::size_t count) {
    std::vector<raw_message> all;
    for (std::size_t i = 0; i < count; ++i)
        all.push_back({.tag = static_cast<std::uint32_t>(~(first + i)), .value = first + i});
    return all;
}

TEST(MessageLane, HoldsItsCapacityAndSaysHowMuchItTook) {
    for (const unsigned capacity : {1u, 2u, 4u, 64u}) {
        const auto lane = lane_of(capacity);
        std::vector<message> room(2 * capacity);
        EXPECT_TRUE(lane->empty());
        EXPECT_EQ(lane->pop(room), 0u);
        for (std::uint64_t lap = 0; lap < 3; ++lap) {
            EXPECT_EQ(lane->push(some(lap, capacity + 1)), capacity);
            EXPECT_EQ(lane->push(some(lap, 1)), 0u);
            EXPECT_FALSE(lane->empty());
            EXPECT_EQ(lane->pop(std::span(room).first(1)), 1u);
            EXPECT_EQ(room[0].value, lap);
            EXPECT_EQ(room[0].tag, static_cast<std::uint32_t>(~lap));
            EXPECT_EQ(room[0].source, 3u);
            EXPECT_EQ(lane->push(some(99, 2)), 1u);
            EXPECT_EQ(lane->pop(room), capacity);
            EXPECT_EQ(room[capacity - 1].value, 99u);
            EXPECT_TRUE(lane->empty());
        }
    }
}

TEST(MessageLane, TakesSinglesAmongSeveralUntilItIsFull) {
    const auto lane = lane_of(4);
    std::array<message, 5> room;
    for (std::uint64_t lap = 0; lap < 3; ++lap) {
        EXPECT_TRUE(lane->push(some(1, 1)[0]));
        EXPECT_EQ(lane->push(some(2, 2)), 2u);
        EXPECT_TRUE(lane->push(some(4, 1)[0]));
        EXPECT_FALSE(lane->push(some(5, 1)[0]));
        ASSERT_EQ(lane->pop(room), 4u);
        for (std::uint64_t i = 0; i < 4; ++i)
            EXPECT_EQ(room[i].value, 1 + i);
    }
}

/// Half a stamp is compared, so it must differ from that of the slot's content one lap before.
TEST(MessageLane, RandomPushesAndPopsMatchAPlainQueue) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    for (const unsigned capacity : {1u, 2u, 8u, 32u}) {
        const auto lane = lane_of(capacity);
        std::deque<std::uint64_t> expected;
        std::uint64_t next = 0;
        for (int step = 0; step < 20'000; ++step) {
            const auto wanted = static_cast<std::size_t>(random.below(capacity + 2));
            if (random.chance(50)) {
                const std::size_t took = lane->push(some(next, wanted));
                ASSERT_EQ(took, std::min<std::size_t>(wanted, capacity - expected.size()));
                for (std::size_t i = 0; i < took; ++i)
                    expected.push_back(next++);
            } else {
                std::vector<message> room(wanted);
                const std::size_t got = lane->pop(room);
                ASSERT_EQ(got, std::min(wanted, expected.size()));
                for (std::size_t i = 0; i < got; ++i) {
                    ASSERT_EQ(room[i].value, expected.front());
                    expected.pop_front();
                }
            }
            ASSERT_EQ(lane->empty(), expected.empty());
        }
    }
}

void exchange(unsigned capacity, std::uint64_t count) {
    const auto lane = lane_of(capacity);
    std::jthread source([&] {
        testing::random_source random(testing::process_seed());
        for (std::uint64_t sent = 0; sent < count;) {
            const auto lot = some(sent, 1 + random.below(std::min<std::uint64_t>(9, count - sent)));
            const std::size_t took = lane->push(lot);
            if (took == 0)
                std::this_thread::yield();
            sent += took;
        }
    });
    std::array<message, 5> room;
    for (std::uint64_t expected = 0; expected < count;) {
        const std::size_t got = lane->pop(room);
        if (got == 0)
            std::this_thread::yield();
        for (std::size_t i = 0; i < got; ++i) {
            ASSERT_EQ(room[i].value, expected);
            ASSERT_EQ(room[i].tag, static_cast<std::uint32_t>(~expected));
            ++expected;
        }
    }
    EXPECT_TRUE(lane->empty());
}

TEST(MessageLane, BetweenThreadsThroughTwoSlots) {
    exchange(2, 20'000);
}

TEST(MessageLane, BetweenThreadsThroughManySlots) {
    exchange(256, 500'000);
}

// --- the inbox -----------------------------------------------------------------------------------

struct receiver : detail::work_item {
    explicit receiver(std::size_t size)
        : work_item([](work_item&) noexcept {}), room(size), wait{.room = room, .waiter = this} {}
    std::vector<message> room;
    detail::message_wait wait;
};

TEST(Inbox, SourcesTakeTurnsAndAllOfThemFillTheRoom) {
    inbox box(256);
    message_lane* const first = message_lane::make(0, 256);
    message_lane* const second = message_lane::make(1, 256);
    box.attach(*first);
    box.attach(*second);
    EXPECT_TRUE(box.empty());
    EXPECT_EQ(first->push(some(0, 200)), 200u);
    EXPECT_EQ(second->push(some(0, 100)), 100u);
    for (std::uint64_t value = 0; value < 70; ++value)
        EXPECT_TRUE(box.push({message::no_shard, 0, value}));
    EXPECT_FALSE(box.empty());
    std::array<std::uint64_t, 3> next{};
    std::array<std::size_t, 3> longest{};
    unsigned last = 7;
    std::size_t row = 0;
    for (std::size_t left = 370; left != 0;) {
        receiver taking(left > 100 ? 100 : 13);
        ASSERT_TRUE(box.receive(taking.wait));
        ASSERT_EQ(taking.wait.taken, std::min(left, taking.room.size()));
        left -= taking.wait.taken;
        for (const message& each : std::span(taking.room).first(taking.wait.taken)) {
            const unsigned source = each.source == message::no_shard ? 2 : each.source;
            EXPECT_EQ(each.value, next[source]++);
            row = source == last ? row + 1 : 1;
            last = source;
            if (next[0] < 200 && next[1] < 100 && next[2] < 70)
                longest[source] = std::max(longest[source], row);
        }
    }
    EXPECT_EQ(next, (std::array<std::uint64_t, 3>{200, 100, 70}));
    for (const std::size_t each : longest)
        EXPECT_LE(each, 64u);
}

TEST(Inbox, WhoWaitsGetsWhatFitsAndTheNextOneTheRest) {
    inbox box(16);
    receiver small(2), large(16), third(1);
    EXPECT_FALSE(box.receive(small.wait));
    EXPECT_FALSE(box.receive(large.wait));
    EXPECT_FALSE(box.receive(third.wait));
    for (std::uint64_t value = 0; value < 5; ++value)
        EXPECT_TRUE(box.push({message::no_shard, 0, value}));
    detail::work_list woken;
    EXPECT_EQ(box.deliver(woken), 5u);
    EXPECT_EQ(woken.size(), 2u);
    EXPECT_EQ(&woken.pop(), &small);
    EXPECT_EQ(&woken.pop(), &large);
    EXPECT_EQ(small.wait.taken, 2u);
    EXPECT_EQ(large.wait.taken, 3u);
    EXPECT_EQ(large.room[2].value, 4u);
    EXPECT_TRUE(box.awaited());
    EXPECT_TRUE(box.stop_receiving(third.wait));
    EXPECT_FALSE(box.awaited());
}

}  // namespace
}  // namespace spargio::shard_test
