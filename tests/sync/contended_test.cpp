// What tasks of two shards fight for, while some of their waits end early: nothing is had by too
// many, nothing is lost with a wait that was cancelled, and nobody waits for ever.

#include <gtest/gtest.h>

#include <algorithm>

#include "spargio/core/pause.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/latch.hpp"
#include "spargio/sync/mutex.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/sync/semaphore.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/timeout.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

/// Mostly long enough, often not.
std::chrono::microseconds some_limit(testing::random_source& random) {
    return std::chrono::microseconds(random.chance(30) ? 1'000'000 : random.below(20));
}

bool ended_early(const result<void>& done) {
    if (done)
        return false;
    EXPECT_EQ(done.error(), std::errc::timed_out);
    return true;
}

// --- permits and locks ---------------------------------------------------------------------------

constexpr std::uint64_t permits_there_are = 3;

struct permits_in_use {
    semaphore of{permits_there_are};
    std::atomic<std::uint64_t> taken = 0;
};

task<result<void>> use_permits(permits_in_use& shared, std::uint64_t count) {
    const auto held = co_await shared.of.acquire(count);
    if (!held)
        co_return failure(held.error());
    EXPECT_LE(shared.taken.fetch_add(count) + count, permits_there_are);
    co_await yield();
    shared.taken -= count;
    co_return result<void>();
}

TEST(Contended, SemaphorePermitsAreNeitherLostNorDoubled) {
    const std::uint64_t rounds = stress::times(3'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        permits_in_use shared;
        const auto work = [](permits_in_use& of, std::uint64_t count,
                             std::uint64_t with) -> task<void> {
            testing::random_source random(with);
            for (std::uint64_t round = 0; round != count; ++round) {
                const std::uint64_t wanted = 1 + random.below(permits_there_are);
                ended_early(co_await timeout(some_limit(random), use_permits(of, wanted)));
            }
        };
        std::vector<join_handle<void>> tasks;
        for (unsigned i = 0; i != 6; ++i)
            tasks.push_back(start(placement::pinned(i % 2), work(shared, rounds, seed + i)));
        for (auto& each : tasks)
            co_await std::move(each);
        EXPECT_EQ(shared.of.available(), permits_there_are);
    });
}

struct guarded {
    shared_mutex lock;
    std::uint64_t value = 0;  // two halves that a writer changes one after the other
    std::uint64_t same = 0;
    std::atomic<std::uint64_t> written = 0;
};

task<result<void>> write_once(guarded& shared) {
    const auto held = co_await shared.lock.lock();
    if (!held)
        co_return failure(held.error());
    ++shared.value;
    co_await yield();
    ++shared.same;
    ++shared.written;
    co_return result<void>();
}

task<result<void>> read_once(guarded& shared) {
    const auto held = co_await shared.lock.lock_shared();
    if (!held)
        co_return failure(held.error());
    const std::uint64_t before = shared.value;
    co_await yield();
    EXPECT_EQ(shared.same, before);
    co_return result<void>();
}

TEST(Contended, SharedMutexKeepsWritersAlone) {
    const std::uint64_t rounds = stress::times(3'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        guarded shared;
        const auto work = [](guarded& with, std::uint64_t count,
                             std::uint64_t number) -> task<void> {
            testing::random_source random(number);
            for (std::uint64_t round = 0; round != count; ++round) {
                const auto limit = some_limit(random);
                if (random.chance(30)) {
                    ended_early(co_await timeout(limit, write_once(with)));
                } else {
                    ended_early(co_await timeout(limit, read_once(with)));
                }
            }
        };
        std::vector<join_handle<void>> tasks;
        for (unsigned i = 0; i != 6; ++i)
            tasks.push_back(start(placement::pinned(i % 2), work(shared, rounds, seed + i)));
        for (auto& each : tasks)
            co_await std::move(each);
        const auto held = shared.lock.try_lock();
        EXPECT_TRUE(held);
        EXPECT_EQ(shared.value, shared.written);
        EXPECT_EQ(shared.same, shared.written);
    });
}

/// Readers of both shards overlap as long as a writer has not had its turns, or the other way
/// round. Were those who wait passed by, it would never end.
TEST(Contended, SharedMutexLetsNeitherSideWaitForEver) {
    const std::uint64_t wanted = stress::times(2'000);
    on_shards(2, [wanted]() -> task<void> {
        for (const bool a_writer_waits : {true, false}) {
            shared_mutex lock;
            std::atomic<bool> over = false;
            const auto hold_on = [](shared_mutex& of, const std::atomic<bool>& until_over,
                                    bool shared) -> task<void> {
                while (!until_over) {
                    if (shared) {
                        const auto held = co_await of.lock_shared();
                        co_await yield();
                    } else {
                        const auto held = co_await of.lock();
                        co_await yield();
                    }
                }
            };
            std::vector<join_handle<void>> crowd;
            for (unsigned i = 0; i != 6; ++i)
                crowd.push_back(
                    start(placement::pinned(i % 2), hold_on(lock, over, a_writer_waits)));
            for (std::uint64_t turn = 0; turn != wanted; ++turn) {
                if (a_writer_waits) {
                    EXPECT_TRUE(co_await lock.lock());
                } else {
                    EXPECT_TRUE(co_await lock.lock_shared());
                }
            }
            over = true;
            for (auto& each : crowd)
                co_await std::move(each);
        }
    });
}

// --- signals -------------------------------------------------------------------------------------

struct work_to_do {
    notify changed;
    std::atomic<std::uint64_t> added = 0, done = 0;
    std::atomic<bool> over = false;
};

task<result<void>> wait_for_work(work_to_do& shared) {
    co_return co_await shared.changed.wait();
}

/// What there is to do is done by who was told of it, and by nobody else; one of those who wait
/// never gives up.
task<void> do_work(work_to_do& shared, bool gives_up, std::uint64_t seed) {
    testing::random_source random(seed);
    while (!shared.over) {
        if (gives_up) {
            // Who gave up leaves the work alone: it is for the next who is told.
            const auto told = co_await timeout(std::chrono::microseconds(random.below(10)),
                                               wait_for_work(shared));
            if (ended_early(told))
                continue;
        } else {
            EXPECT_TRUE(co_await shared.changed.wait());
        }
        if (!shared.over) {
            EXPECT_LE(++shared.done, shared.added) << "told, but of nothing";
        }
    }
}

TEST(Contended, ANotificationIsNotLostWithWhoGaveUp) {
    const std::uint64_t rounds = stress::times(2'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        work_to_do shared;
        std::vector<join_handle<void>> tasks;
        for (unsigned i = 0; i != 4; ++i)
            tasks.push_back(start(placement::pinned(i % 2), do_work(shared, i != 0, seed + i)));
        for (std::uint64_t round = 1; round <= rounds; ++round) {
            ++shared.added;
            shared.changed.notify_one();
            co_await until([&] { return shared.done >= round; });
        }
        shared.over = true;
        while (std::ranges::any_of(tasks, [](const auto& each) { return !each.is_done(); })) {
            shared.changed.notify_all();
            co_await yield();
        }
        for (auto& each : tasks)
            co_await std::move(each);
    });
}

template <class Source>
task<result<void>> wait_at(Source& source) {
    co_return co_await source.wait();
}

/// Waits for it, in the end at least without a limit.
template <class Source>
task<void> wait_patiently(Source& source, bool gives_up, const std::atomic<bool>& is_due,
                          std::uint64_t seed) {
    testing::random_source random(seed);
    while (gives_up && random.chance(80)) {
        if (!ended_early(
                co_await timeout(std::chrono::microseconds(random.below(30)), wait_at(source)))) {
            EXPECT_TRUE(is_due);
            co_return;
        }
    }
    EXPECT_TRUE(co_await source.wait());
    EXPECT_TRUE(is_due);
}

TEST(Contended, EventAndLatchLetEverybodyGoWhoeverGaveUpBefore) {
    const std::uint64_t rounds = stress::times(200);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        for (std::uint64_t round = 0; round != rounds; ++round) {
            event ready;
            std::atomic<bool> set = false;
            latch loaded(3);
            std::atomic<unsigned> counts = 0;
            std::atomic<bool> counted = false;
            const auto count_down = [&] {
                if (++counts == 3)
                    counted = true;
                loaded.count_down();
            };
            std::vector<join_handle<void>> tasks;
            for (unsigned i = 0; i != 6; ++i) {
                const auto where = placement::pinned(i % 2);
                const bool gives_up = i % 3 != 0;
                tasks.push_back(
                    start(where, wait_patiently(ready, gives_up, set, seed + round + i)));
                tasks.push_back(
                    start(where, wait_patiently(loaded, gives_up, counted, seed + round + i)));
            }
            tasks.push_back(start(placement::pinned(1), [&]() -> task<void> {
                count_down();
                co_await yield();
                set = true;
                ready.set();
                count_down();
            }));
            co_await turns(static_cast<unsigned>(round % 8));
            count_down();
            for (auto& each : tasks)
                co_await std::move(each);
        }
    });
}

struct phases {
    explicit phases(unsigned workers)
        : of_worker(workers), round(workers, [this] { complete(); }) {}

    void complete() {
        // Time for one who is let go too early.
        detail::pause_for(completed % 4 == 0 ? 500 : 0);
        ++completed;
        // Nobody goes on before, nobody is counted who took his arrival back.
        for (const auto& each : of_worker)
            wrong += each != completed ? 1 : 0;
    }

    std::vector<std::atomic<std::uint64_t>> of_worker;
    std::uint64_t completed = 0;
    std::uint64_t wrong = 0;
    barrier round;
};

task<result<void>> arrive(phases& at) {
    co_return co_await at.round.arrive_and_wait();
}

task<void> work_in_phases(phases& at, unsigned who, std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    for (std::uint64_t i = 0; i != count; ++i) {
        ++at.of_worker[who];
        // Taken back and made again, as often as it ends early.
        while (ended_early(co_await timeout(
            std::chrono::microseconds(random.below(who == 0 ? 1'000'000 : 40)), arrive(at)))) {
        }
    }
}

TEST(Contended, ABarrierCountsOnlyArrivalsThatStand) {
    const std::uint64_t count = stress::times(1'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        phases at(4);
        std::vector<join_handle<void>> tasks;
        for (unsigned who = 0; who != 4; ++who)
            tasks.push_back(
                start(placement::pinned(who % 2), work_in_phases(at, who, count, seed + who)));
        for (auto& each : tasks)
            co_await std::move(each);
        EXPECT_EQ(at.completed, count);
        EXPECT_EQ(at.wrong, 0u);
    });
}

}  // namespace
}  // namespace spargio::sync_test
