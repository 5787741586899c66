#include "spargio/sync/mutex.hpp"

#include <gtest/gtest.h>

#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/sync/semaphore.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

task<void> enter(mutex& lock, std::vector<int>& order, int who) {
    auto guard = co_await lock.lock();
    EXPECT_TRUE(guard && *guard);
    order.push_back(who);
    co_await yield();
}

TEST(Mutex, IsHandedOnInTheOrderOfArrival) {
    on_shards(1, []() -> task<void> {
        mutex lock;
        std::vector<int> order;
        auto held = lock.try_lock();
        EXPECT_TRUE(held);
        auto first = start(placement::local(), enter(lock, order, 1));
        co_await turns();
        auto second = start(placement::local(), enter(lock, order, 2));
        co_await turns();
        EXPECT_TRUE(order.empty());
        held.unlock();
        // Nobody passes those by who wait, not even before they had their turn.
        EXPECT_FALSE(lock.try_lock());
        auto third = start(placement::local(), enter(lock, order, 3));
        co_await std::move(first);
        co_await std::move(second);
        co_await std::move(third);
        EXPECT_EQ(order, (std::vector{1, 2, 3}));
        EXPECT_TRUE(lock.try_lock());
    });
}

TEST(Mutex, UnlockFromAForeignThreadWakesTheWaiter) {
    on_shards(1, []() -> task<void> {
        mutex lock;
        auto held = lock.try_lock();
        std::vector<int> order;
        auto waiting = start(placement::local(), enter(lock, order, 1));
        co_await turns();
        std::jthread other([&] { held.unlock(); });
        co_await std::move(waiting);
        EXPECT_EQ(order.size(), 1u);
    });
}

task<void> count_up(mutex& lock, std::uint64_t& counter, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
        const auto guard = co_await lock.lock();
        const std::uint64_t seen = counter;
        if (i % 8 == 0)
            co_await yield();
        counter = seen + 1;
    }
}

class MutexStress : public ::testing::TestWithParam<bool> {};

TEST_P(MutexStress, OneAtATimeOnSeveralShards) {
    const std::uint64_t each = stress::times(20'000);
    on_shards(3, [each, stealable = GetParam()]() -> task<void> {
        mutex lock;
        std::uint64_t counter = 0;
        std::vector<join_handle<void>> tasks;
        for (unsigned i = 0; i < 6; ++i) {
            tasks.push_back(start(stealable ? placement::stealable() : placement::pinned(i % 3),
                                  count_up(lock, counter, each)));
        }
        for (auto& each_task : tasks)
            co_await std::move(each_task);
        EXPECT_EQ(counter, 6 * each);
    });
}

INSTANTIATE_TEST_SUITE_P(Sync, MutexStress, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "stealable" : "pinned"; });

TEST(SharedMutex, ReadersTogetherWritersAlone) {
    on_shards(1, []() -> task<void> {
        shared_mutex lock;
        auto first = co_await lock.lock_shared();
        auto second = co_await lock.lock_shared();
        EXPECT_TRUE(first && second);
        EXPECT_FALSE(lock.try_lock());
        bool written = false;
        auto writing =
            start(placement::local(), [](shared_mutex& to_lock, bool& wrote) -> task<void> {
                const auto guard = co_await to_lock.lock();
                wrote = guard.has_value();
            }(lock, written));
        co_await turns();
        // A reader behind a writer who waits does not pass him by.
        EXPECT_FALSE(lock.try_lock_shared());
        first->unlock();
        co_await turns();
        EXPECT_FALSE(written);
        second->unlock();
        co_await std::move(writing);
        EXPECT_TRUE(written);
        EXPECT_TRUE(lock.try_lock_shared());
    });
}

TEST(SharedMutex, ReadersBehindACancelledWriterGoOn) {
    on_shards(1, []() -> task<void> {
        shared_mutex lock;
        auto reading = lock.try_lock_shared();
        auto writing = start(placement::local(), [](shared_mutex& to_lock) -> task<bool> {
            co_return (co_await to_lock.lock()).has_value();
        }(lock));
        co_await turns();
        auto behind = start(placement::local(), [](shared_mutex& to_lock) -> task<bool> {
            co_return (co_await to_lock.lock_shared()).has_value();
        }(lock));
        co_await turns();
        EXPECT_FALSE(behind.is_done());
        writing.request_stop();
        EXPECT_FALSE(co_await std::move(writing));
        EXPECT_TRUE(co_await std::move(behind));
        reading.unlock();
        EXPECT_TRUE(lock.try_lock());
    });
}

TEST(Semaphore, OneWhoNeedsManyIsNotPassedBy) {
    on_shards(1, []() -> task<void> {
        semaphore permits(1);
        auto many = start(placement::local(), [](semaphore& from) -> task<std::uint64_t> {
            auto got = co_await from.acquire(3);
            co_return from.available();
        }(permits));
        co_await turns();
        EXPECT_FALSE(permits.try_acquire());
        permits.release();
        co_await turns();
        EXPECT_FALSE(many.is_done());
        permits.release(2);
        EXPECT_EQ(co_await std::move(many), 1u);
        EXPECT_EQ(permits.available(), 4u);
        auto kept = permits.try_acquire(4);
        kept.forget();
        EXPECT_EQ(permits.available(), 0u);
    });
}

TEST(Semaphore, APermitThatLosesARaceIsGivenBack) {
    on_shards(1, []() -> task<void> {
        semaphore permits(1);
        for (int round = 0; round < 3; ++round) {
            auto wait = [](semaphore& from) -> task<bool> {
                auto got = co_await from.acquire();
                co_return got.has_value();
            };
            const auto first = co_await when_any(wait(permits), wait(permits));
            EXPECT_EQ(first.index(), 0u);
            EXPECT_EQ(permits.available(), 1u);
        }
    });
}

/// Locks over and over, stopped now and then by the other shard: no lock is lost, none is leaked.
TEST(Mutex, AHandOverThatRacesAStopIsDecidedOnce) {
    const std::uint64_t rounds = stress::times(5'000);
    on_shards(2, [rounds]() -> task<void> {
        mutex lock;
        auto once = [](mutex& to_lock) -> task<bool> {
            const auto guard = co_await to_lock.lock();
            co_return guard.has_value();
        };
        std::uint64_t ended[2] = {};
        for (std::uint64_t round = 0; round < rounds; ++round) {
            auto held = lock.try_lock();
            EXPECT_TRUE(held);
            auto waiting = start(placement::pinned(0), once(lock));
            auto behind = start(placement::pinned(1), once(lock));
            co_await turns(static_cast<unsigned>(round % 3));
            auto stopping =
                start(placement::pinned(1), [](join_handle<bool>& to_stop) -> task<void> {
                    to_stop.request_stop();
                    co_return;
                }(waiting));
            held.unlock();
            co_await std::move(stopping);
            ++ended[co_await std::move(waiting) ? 1 : 0];
            EXPECT_TRUE(co_await std::move(behind));
        }
        EXPECT_TRUE(lock.try_lock());
        EXPECT_EQ(ended[0] + ended[1], rounds);
    });
}

TEST(SemaphoreDeath, MorePermitsThanThereMayBe) {
    semaphore some(1);
    EXPECT_DEATH(some.release(std::uint64_t{1} << 62), "most");
    EXPECT_DEATH(some.release(~std::uint64_t{0}), "most");
}

}  // namespace
}  // namespace spargio::sync_test
