// The queues that can be stolen from: what holds of one backend holds of the other.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "spargio/core/split_deque.hpp"
#include "spargio/ring/kernel.hpp"
#include "spargio/shard/mutex_deque.hpp"

namespace spargio {
namespace {

struct numbered : detail::work_item {
    numbered() : work_item([](work_item&) noexcept {}) {}
    std::atomic<int> taken = 0;
};

/// What the mutex backend shares at once, and need not expose.
template <class Deque>
void share(Deque& deque, unsigned kept = 0) {
    if constexpr (requires { deque.share(kept); })
        deque.share(kept);
}

template <class Deque>
class SplitDeque : public ::testing::Test {
protected:
    static constexpr unsigned capacity = 4;

    int number_of(const detail::work_item* item) const {
        return item == nullptr ? -1 : static_cast<int>(static_cast<const numbered*>(item) - items);
    }
    void push(int from, int to) {
        for (; from != to; ++from)
            ASSERT_TRUE(deque.push(items[from]));
        share(deque);
    }

    numbered items[16];
    Deque deque{capacity};
};

using backends = ::testing::Types<detail::split_deque, detail::mutex_deque>;
struct backend_names {
    template <class Deque>
    static std::string GetName(int) {
        return std::is_same_v<Deque, detail::split_deque> ? "lock_free" : "mutex";
    }
};
TYPED_TEST_SUITE(SplitDeque, backends, backend_names);

TYPED_TEST(SplitDeque, TheOwnerPopsWhatItPushedLast) {
    this->push(0, 3);
    EXPECT_EQ(this->number_of(this->deque.pop()), 2);
    EXPECT_EQ(this->number_of(this->deque.pop()), 1);
    EXPECT_EQ(this->number_of(this->deque.pop()), 0);
    EXPECT_EQ(this->deque.pop(), nullptr);
    EXPECT_TRUE(this->deque.empty());
}

TYPED_TEST(SplitDeque, AnybodyTakesWhatWaitsLongest) {
    this->push(0, 3);
    EXPECT_EQ(this->number_of(this->deque.take()), 0);
    EXPECT_EQ(this->number_of(this->deque.pop()), 2);
    EXPECT_EQ(this->number_of(this->deque.take()), 1);
    EXPECT_EQ(this->deque.take(), nullptr);
}

TYPED_TEST(SplitDeque, RefusesWhatDoesNotFitAndKeepsTheRest) {
    this->push(0, 4);
    EXPECT_FALSE(this->deque.push(this->items[4]));
    EXPECT_EQ(this->deque.size(), 4u);
    EXPECT_EQ(this->number_of(this->deque.take()), 0);
    this->push(4, 5);
    for (int expected = 1; expected < 5; ++expected)
        EXPECT_EQ(this->number_of(this->deque.take()), expected);
}

TYPED_TEST(SplitDeque, PositionsGoRoundAndRound) {
    for (int round = 0; round < 1000; ++round) {
        this->push(0, 3);
        EXPECT_EQ(this->number_of(this->deque.take()), 0);
        EXPECT_EQ(this->number_of(this->deque.pop()), 2);
        EXPECT_EQ(this->number_of(this->deque.pop()), 1);
    }
    EXPECT_TRUE(this->deque.empty());
}

/// Everything pushed is had exactly once, whoever has it, while the deque is mostly empty or full.
TYPED_TEST(SplitDeque, EachItemIsHadOnceByOneOfManyThreads) {
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
            share(deque, static_cast<unsigned>(next) % 3);
            had(next % 2 == 0 ? deque.pop() : deque.take());
        }
        while (!deque.empty())
            had(deque.pop());
        ended.store(true, std::memory_order_release);
    }
    for (int i = 0; i != count; ++i)
        ASSERT_EQ(items[i].taken.load(), 1) << i;
}

class Private : public ::testing::Test {
protected:
    void SetUp() override {
        for (numbered& each : items)
            ASSERT_TRUE(deque.push(each));
    }

    numbered items[4];
    detail::split_deque deque{4};
};

TEST_F(Private, ItemsAreTakenByNobodyBeforeTheyAreShared) {
    EXPECT_EQ(deque.take(), nullptr);
    EXPECT_EQ(deque.hidden(), 4u);
    deque.share(1);
    EXPECT_EQ(deque.shared(), 3u);
    for (int expected = 0; expected != 3; ++expected)
        EXPECT_EQ(deque.take(), &items[expected]);
    EXPECT_EQ(deque.take(), nullptr);
    EXPECT_EQ(deque.pop(), &items[3]);
    EXPECT_TRUE(deque.empty());
}

TEST_F(Private, ItemsThatWereSharedAreNotTakenBackByKeepingMore) {
    deque.share(1);
    deque.share(4);
    EXPECT_EQ(deque.shared(), 3u);
    EXPECT_EQ(deque.pop(), &items[3]);
    EXPECT_EQ(deque.pop(), &items[2]);
    EXPECT_EQ(deque.shared(), 2u);
}

TEST_F(Private, ItemsAreExposedOnceABarrierHasPassed) {
    deque.expose([] { return false; });
    EXPECT_EQ(deque.shared(), 0u);
    deque.expose([] { return true; });
    EXPECT_EQ(deque.shared(), 4u);
    EXPECT_EQ(deque.hidden(), 0u);
    EXPECT_EQ(deque.pop(), &items[3]);
    EXPECT_EQ(deque.take(), &items[0]);
}

TEST_F(Private, ItemIsTakenBackWithoutACallIfItWasQueuedLast) {
    using popped = detail::split_deque::popped;
    EXPECT_EQ(deque.pop_private(items[2]), popped::no);
    EXPECT_EQ(deque.pop_private(items[3]), popped::yes);
    EXPECT_EQ(deque.pop_private(items[3]), popped::no);
    deque.share(1);
    EXPECT_EQ(deque.pop_private(items[2]), popped::yes);
    // The rest is public: others may be about to take it.
    EXPECT_EQ(deque.pop_private(items[1]), popped::contested);
    EXPECT_EQ(deque.size(), 2u);
    EXPECT_TRUE(deque.pop(items[1]));
    EXPECT_EQ(deque.take(), &items[0]);
}

TEST_F(Private, ItemIsContestedWhileAnExposerIsAbout) {
    using popped = detail::split_deque::popped;
    deque.expose([&] {
        EXPECT_EQ(deque.pop_private(items[3]), popped::contested);
        return true;
    });
    EXPECT_EQ(deque.shared(), 4u);
    EXPECT_EQ(deque.take(), &items[0]);
    EXPECT_TRUE(deque.pop(items[3]));
}

TEST(Batch, IsQueuedAtOnceAndOnlyAsFarAsThereIsRoom) {
    numbered items[6];
    detail::split_deque deque(4);
    ASSERT_TRUE(deque.push(items[0]));
    detail::split_deque::batch queued(deque);
    for (int next = 1; next != 4; ++next)
        EXPECT_TRUE(queued.push(items[next]));
    EXPECT_EQ(deque.size(), 1u);
    EXPECT_FALSE(queued.push(items[4]));
    queued.commit();
    EXPECT_EQ(deque.size(), 4u);
    deque.share(0);
    EXPECT_EQ(deque.take(), &items[0]);
    detail::split_deque::batch more(deque);
    EXPECT_TRUE(more.push(items[4]));
    EXPECT_FALSE(more.push(items[5]));
    more.commit();
    for (int expected = 4; expected != 0; --expected)
        EXPECT_EQ(deque.pop(), &items[expected]);
}

/// An owner that keeps all to itself, and others who get at it all the same.
TEST(Exposed, EachItemIsHadOnceByTheOwnerOrAnotherThread) {
    kernel& system = system_kernel();
    if (system.prepare_nudges() != 0)
        GTEST_SKIP() << "no membarrier()";
    constexpr int count = 100'000;
    const auto items = std::make_unique<numbered[]>(count);
    detail::split_deque deque(8);
    std::atomic<bool> ended = false;
    std::atomic<int> had_elsewhere = 0;
    const auto had = [](detail::work_item* item) {
        if (item != nullptr)
            static_cast<numbered*>(item)->taken.fetch_add(1, std::memory_order_relaxed);
        return item != nullptr;
    };
    {
        std::vector<std::jthread> others;
        for (int other = 0; other < 2; ++other) {
            others.emplace_back([&] {
                while (!ended.load(std::memory_order_acquire)) {
                    deque.expose([&] { return system.nudge() == 0; });
                    while (had(deque.take()))
                        had_elsewhere.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
        int next = 0;
        const auto work = [&](int until) {
            while (next != until) {
                for (int burst = 0; burst != 3 && next != until; ++burst) {
                    if (deque.push(items[next]))
                        ++next;
                }
                // In either way, the second as who forked it does.
                if (next % 2 == 0) {
                    had(deque.pop());
                } else if (deque.pop_private(items[next - 1]) == detail::split_deque::popped::yes) {
                    had(&items[next - 1]);
                }
            }
        };
        work(count / 2);
        // However fast the owner is, it is met in the second half.
        while (had_elsewhere.load(std::memory_order_relaxed) == 0) {
            if (next < count - 100)
                work(next + 1);
            std::this_thread::yield();
        }
        work(count);
        while (!deque.empty())
            had(deque.pop());
        ended.store(true, std::memory_order_release);
    }
    for (int i = 0; i != count; ++i)
        ASSERT_EQ(items[i].taken.load(), 1) << i;
}

}  // namespace
}  // namespace spargio
