#include "spargio/shard/message_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>
#include <vector>

#include "spargio/testing/random_source.hpp"

namespace spargio::shard_test {
namespace {

using detail::message_queue;

message numbered(unsigned source, std::uint64_t value) {
    return {.source = source, .tag = source + 1, .value = value};
}

TEST(MessageQueue, HoldsItsCapacityAndNoMore) {
    for (const unsigned capacity : {1u, 2u, 4u, 64u}) {
        message_queue queue(capacity);
        message received;
        EXPECT_TRUE(queue.empty());
        EXPECT_FALSE(queue.pop(received));
        for (unsigned i = 0; i < capacity; ++i)
            EXPECT_TRUE(queue.push(numbered(0, i)));
        EXPECT_FALSE(queue.push(numbered(0, 99)));
        EXPECT_FALSE(queue.empty());
        EXPECT_TRUE(queue.pop(received));
        EXPECT_EQ(received.value, 0u);
        EXPECT_TRUE(queue.push(numbered(0, capacity)));
        EXPECT_FALSE(queue.push(numbered(0, 99)));
        for (unsigned i = 1; i <= capacity; ++i) {
            ASSERT_TRUE(queue.pop(received));
            EXPECT_EQ(received.value, i);
        }
        EXPECT_TRUE(queue.empty());
    }
}

TEST(MessageQueue, CarriesTheWholeMessage) {
    message_queue queue(2);
    ASSERT_TRUE(queue.push({.source = 7, .tag = 0xffff'fffe, .value = ~std::uint64_t{1}}));
    message received;
    ASSERT_TRUE(queue.pop(received));
    EXPECT_EQ(received.source, 7u);
    EXPECT_EQ(received.tag, 0xffff'fffe);
    EXPECT_EQ(received.value, ~std::uint64_t{1});
}

/// Against a plain queue, wrapping around often.
TEST(MessageQueue, RandomPushesAndPopsMatchAPlainQueue) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    for (const unsigned capacity : {2u, 4u, 8u}) {
        message_queue queue(capacity);
        std::deque<std::uint64_t> expected;
        for (std::uint64_t step = 0; step < 20'000; ++step) {
            if (random.chance(50)) {
                const bool room = expected.size() < capacity;
                ASSERT_EQ(queue.push(numbered(0, step)), room);
                if (room)
                    expected.push_back(step);
            } else {
                message received;
                ASSERT_EQ(queue.pop(received), !expected.empty());
                if (!expected.empty()) {
                    ASSERT_EQ(received.value, expected.front());
                    expected.pop_front();
                }
            }
            ASSERT_EQ(queue.empty(), expected.empty());
        }
    }
}

/// Small capacities make positions stale all the time: a source that was delayed between looking
/// and claiming has to start over with the newer position.
void exchange_between_threads(unsigned capacity, unsigned sources, std::uint64_t each) {
    message_queue queue(capacity);
    std::atomic<std::uint64_t> refused = 0;
    std::vector<std::jthread> threads;
    for (unsigned source = 0; source < sources; ++source) {
        threads.emplace_back([&, source] {
            for (std::uint64_t value = 0; value < each; ++value) {
                while (!queue.push(numbered(source, value))) {
                    refused.fetch_add(1, std::memory_order_relaxed);
                    std::this_thread::yield();
                }
            }
        });
    }
    std::vector<std::uint64_t> next(sources);
    for (std::uint64_t taken = 0; taken < sources * each;) {
        message received;
        if (!queue.pop(received)) {
            std::this_thread::yield();
            continue;
        }
        ++taken;
        ASSERT_LT(received.source, sources);
        ASSERT_EQ(received.tag, received.source + 1);
        ASSERT_EQ(received.value, next[received.source]++);
    }
    threads.clear();
    EXPECT_TRUE(queue.empty());
}

TEST(MessageQueue, CapacityTwoKeepsEachSourcesOrder) {
    exchange_between_threads(2, 3, 10'000);
}

TEST(MessageQueue, CapacityOfManyKeepsEachSourcesOrder) {
    exchange_between_threads(64, 3, 30'000);
}

TEST(MessageQueueDeathTest, CapacityIsAPowerOfTwo) {
#if !defined(NDEBUG) || defined(SPARGIO_ASSERTIONS)
    EXPECT_DEATH(message_queue(3), "has_single_bit");
#else
    GTEST_SKIP() << "asserts are off";
#endif
}

}  // namespace
}  // namespace spargio::shard_test
