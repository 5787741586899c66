// The queues that can be stolen from: what holds of one backend holds of the other.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "spargio/shard/mutex_deque.hpp"
#include "spargio/shard/steal_deque.hpp"

namespace spargio {
namespace {

struct numbered : detail::work_item {
    numbered() : work_item([](work_item&) noexcept {}) {}
    std::atomic<int> taken = 0;
};

template <class Deque>
class StealDeque : public ::testing::Test {
protected:
    static constexpr unsigned capacity = 4;

    int number_of(const detail::work_item* item) const {
        return item == nullptr ? -1 : static_cast<int>(static_cast<const numbered*>(item) - items);
    }
    void push(int from, int to) {
        for (; from != to; ++from)
            ASSERT_TRUE(deque.push(items[from]));
    }

    numbered items[16];
    Deque deque{capacity};
};

using backends = ::testing::Types<detail::steal_deque, detail::mutex_deque>;
struct backend_names {
    template <class Deque>
    static std::string GetName(int) {
        return std::is_same_v<Deque, detail::steal_deque> ? "lock_free" : "mutex";
    }
};
TYPED_TEST_SUITE(StealDeque, backends, backend_names);

TYPED_TEST(StealDeque, TheOwnerPopsWhatItPushedLast) {
    this->push(0, 3);
    EXPECT_EQ(this->number_of(this->deque.pop()), 2);
    EXPECT_EQ(this->number_of(this->deque.pop()), 1);
    EXPECT_EQ(this->number_of(this->deque.pop()), 0);
    EXPECT_EQ(this->deque.pop(), nullptr);
    EXPECT_TRUE(this->deque.empty());
}

TYPED_TEST(StealDeque, AnybodyTakesWhatWaitsLongest) {
    this->push(0, 3);
    EXPECT_EQ(this->number_of(this->deque.take()), 0);
    EXPECT_EQ(this->number_of(this->deque.pop()), 2);
    EXPECT_EQ(this->number_of(this->deque.take()), 1);
    EXPECT_EQ(this->deque.take(), nullptr);
}

TYPED_TEST(StealDeque, RefusesWhatDoesNotFitAndKeepsTheRest) {
    this->push(0, 4);
    EXPECT_FALSE(this->deque.push(this->items[4]));
    EXPECT_EQ(this->deque.size(), 4u);
    EXPECT_EQ(this->number_of(this->deque.take()), 0);
    this->push(4, 5);
    for (int expected = 1; expected < 5; ++expected)
        EXPECT_EQ(this->number_of(this->deque.take()), expected);
}

TYPED_TEST(StealDeque, PositionsGoRoundAndRound) {
    for (int round = 0; round < 1000; ++round) {
        this->push(0, 3);
        EXPECT_EQ(this->number_of(this->deque.take()), 0);
        EXPECT_EQ(this->number_of(this->deque.pop()), 2);
        EXPECT_EQ(this->number_of(this->deque.pop()), 1);
    }
    EXPECT_TRUE(this->deque.empty());
}

/// Everything pushed is had exactly once, whoever has it, while the deque is mostly empty or full.
TYPED_TEST(StealDeque, EachItemIsHadOnceByOneOfManyThreads) {
    constexpr int count = 200'000;
    const auto items = std::make_unique<numbered[]>(count);
    TypeParam deque(4);
    std::atomic<bool> ended = false;
    const auto had = [](detail::work_item* item) {
        if (item != nullptr)
            static_cast<numbered*>(item)->taken.fetch_add(1, std::memory_order_relaxed);
        return item != nullptr;
    };
    {
        std::vector<std::jthread> thieves;
        for (int thief = 0; thief < 2; ++thief) {
            thieves.emplace_back([&] {
                while (!ended.load(std::memory_order_acquire)) {
                    if (!had(deque.take()))
                        std::this_thread::yield();
                }
            });
        }
        for (int next = 0; next != count;) {
            // Up to three, then some of them back from either end.
            for (int burst = 0; burst != 3 && next != count; ++burst) {
                if (deque.push(items[next]))
                    ++next;
            }
            had(next % 2 == 0 ? deque.pop() : deque.take());
        }
        while (!deque.empty())
            had(deque.pop());
        ended.store(true, std::memory_order_release);
    }
    for (int i = 0; i != count; ++i)
        ASSERT_EQ(items[i].taken.load(), 1) << i;
}

}  // namespace
}  // namespace spargio
