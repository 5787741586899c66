#include <gtest/gtest.h>

#include "spargio/sync/barrier.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/latch.hpp"
#include "spargio/sync/notify.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

template <class Source>
task<bool> wait_for(Source& source) {
    const result<void> waited = co_await source.wait();
    co_return waited.has_value();
}

TEST(Event, LetsEverybodyGoOnWhileItIsSet) {
    on_shards(1, []() -> task<void> {
        event ready;
        std::vector<join_handle<bool>> waiting;
        for (unsigned i = 0; i < 6; ++i)
            waiting.push_back(start(placement::local(), wait_for(ready)));
        co_await turns();
        for (const auto& each : waiting)
            EXPECT_FALSE(each.is_done());
        ready.set();
        EXPECT_TRUE(ready.is_set());
        EXPECT_TRUE(co_await wait_for(ready));
        // Who waited when it was set goes on, whatever comes then.
        ready.reset();
        for (auto& each : waiting)
            EXPECT_TRUE(co_await std::move(each));
        auto late = start(placement::local(), wait_for(ready));
        co_await turns();
        EXPECT_FALSE(late.is_done());
        late.request_stop();
        EXPECT_FALSE(co_await std::move(late));
    });
}

/// Who sees it set destroys it at once, while the thread that set it may still be in set().
TEST(Event, MayBeDestroyedByTheFirstWhoSawItSet) {
    const std::uint64_t rounds = stress::times(2'000);
    on_shards(1, [rounds]() -> task<void> {
        std::atomic<event*> to_set = nullptr;
        std::jthread setter([&](const std::stop_token& over) {
            while (!over.stop_requested()) {
                if (event* each = to_set.exchange(nullptr))
                    each->set();
            }
        });
        for (std::uint64_t round = 0; round < rounds; ++round) {
            auto ready = std::make_unique<event>();
            to_set = ready.get();
            if (round % 2 == 0) {
                EXPECT_TRUE(co_await wait_for(*ready));
            } else {
                while (!ready->is_set())
                    co_await yield();
            }
            ready.reset();
        }
    });
}

TEST(Latch, OpensAtZeroAndStaysOpen) {
    on_shards(2, []() -> task<void> {
        latch loaded(3);
        auto waiting = start(placement::pinned(1), wait_for(loaded));
        loaded.count_down(2);
        co_await turns();
        EXPECT_FALSE(loaded.try_wait());
        EXPECT_FALSE(waiting.is_done());
        std::jthread last([&] { loaded.count_down(); });
        EXPECT_TRUE(co_await std::move(waiting));
        EXPECT_TRUE(co_await wait_for(loaded));
        EXPECT_TRUE(latch(0).try_wait());
    });
}

TEST(Notify, OneReachesTheFirstInLine) {
    on_shards(1, []() -> task<void> {
        notify changed;
        auto first = start(placement::local(), wait_for(changed));
        co_await turns();
        auto second = start(placement::local(), wait_for(changed));
        co_await turns();
        changed.notify_one();
        EXPECT_TRUE(co_await std::move(first));
        co_await turns();
        EXPECT_FALSE(second.is_done());
        changed.notify_one();
        EXPECT_TRUE(co_await std::move(second));
    });
}

TEST(Notify, OneIsKeptForTheNextAndNotMore) {
    on_shards(1, []() -> task<void> {
        notify changed;
        changed.notify_one();
        changed.notify_one();
        EXPECT_TRUE(co_await wait_for(changed));
        auto second = start(placement::local(), wait_for(changed));
        co_await turns();
        EXPECT_FALSE(second.is_done());
        changed.notify_all();
        EXPECT_TRUE(co_await std::move(second));
        auto third = start(placement::local(), wait_for(changed));
        co_await turns();
        EXPECT_FALSE(third.is_done()) << "notify_all() is not kept";
        changed.notify_one();
        EXPECT_TRUE(co_await std::move(third));
    });
}

TEST(Notify, ACancelledWaitPassesItsNotificationOn) {
    on_shards(1, []() -> task<void> {
        notify changed;
        auto first = start(placement::local(), wait_for(changed));
        co_await turns();
        auto second = start(placement::local(), wait_for(changed));
        co_await turns();
        changed.notify_one();
        first.request_stop();
        EXPECT_FALSE(co_await std::move(first));
        EXPECT_TRUE(co_await std::move(second));
    });
}

TEST(Notify, AllReachesEverybodyAndLeavesNothingBehind) {
    on_shards(1, []() -> task<void> {
        notify changed;
        std::vector<join_handle<bool>> waiting;
        for (int i = 0; i < 4; ++i)
            waiting.push_back(start(placement::local(), wait_for(changed)));
        co_await turns();
        changed.notify_all();
        // He has nothing to pass on: the others were told, too.
        waiting.front().request_stop();
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ(co_await std::move(waiting[static_cast<std::size_t>(i)]), i != 0);
        auto late = start(placement::local(), wait_for(changed));
        co_await turns();
        EXPECT_FALSE(late.is_done());
        changed.notify_one();
        EXPECT_TRUE(co_await std::move(late));
    });
}

task<void> work_in_phases(barrier& round, std::vector<unsigned>& phases, unsigned who,
                          unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
        ++phases[who];
        const auto ended = co_await round.arrive_and_wait();
        EXPECT_TRUE(ended);
        if (who % 2 == 0)
            co_await yield();
    }
    round.arrive_and_drop();
}

TEST(Barrier, CompletesEachPhaseBeforeAnybodyGoesOn) {
    on_shards(2, []() -> task<void> {
        constexpr unsigned workers = 5;
        const auto count = static_cast<unsigned>(stress::times(2'000));
        std::vector<unsigned> phases(workers);
        unsigned completed = 0;
        barrier round(workers + 1, [&] {
            ++completed;
            for (const unsigned each : phases)
                EXPECT_EQ(each, std::min(completed, count));
        });
        std::vector<join_handle<void>> tasks;
        for (unsigned who = 0; who < workers; ++who) {
            tasks.push_back(start(who == 0 ? placement::stealable() : placement::pinned(who % 2),
                                  work_in_phases(round, phases, who, count)));
        }
        for (unsigned i = 0; i < count; ++i)
            EXPECT_TRUE(co_await round.arrive_and_wait());
        for (auto& each : tasks)
            co_await std::move(each);
        // The others left it: one is a phase now.
        EXPECT_TRUE(co_await round.arrive_and_wait());
        EXPECT_EQ(completed, count + 1);
    });
}

TEST(Barrier, ACancelledArrivalIsTakenBack) {
    on_shards(1, []() -> task<void> {
        barrier round(2);
        auto arrive = [](barrier& at) -> task<bool> {
            co_return (co_await at.arrive_and_wait()).has_value();
        };
        auto first = start(placement::local(), arrive(round));
        co_await turns();
        first.request_stop();
        EXPECT_FALSE(co_await std::move(first));
        auto second = start(placement::local(), arrive(round));
        co_await turns();
        EXPECT_FALSE(second.is_done());
        EXPECT_TRUE(co_await arrive(round));
        // The phase has ended: too late for a cancel.
        second.request_stop();
        EXPECT_TRUE(co_await std::move(second));
    });
}

TEST(Barrier, WhoIsStoppedGoesOnAfterTheCompletionToo) {
    on_shards(1, []() -> task<void> {
        std::atomic<bool> completing = false, completed = false, went_on = false;
        barrier round(2, [&] {
            completing = true;
            // Time for one who is let go too early.
            for (int i = 0; i < 1000 && !went_on; ++i)
                std::this_thread::yield();
            completed = true;
        });
        auto arrive = [](barrier& at, const std::atomic<bool>& over,
                         std::atomic<bool>& flag) -> task<bool> {
            const auto ended = co_await at.arrive_and_wait();
            const bool in_order = over;
            flag = true;
            co_return ended.has_value() && in_order;
        };
        auto stopped = start(placement::local(), arrive(round, completed, went_on));
        co_await turns();
        stopped.request_stop();
        // It is queued here, and the phase ends before it runs.
        std::thread last([&] { round.arrive_and_drop(); });
        while (!completing)
            std::this_thread::yield();
        EXPECT_TRUE(co_await std::move(stopped));
        last.join();
        EXPECT_TRUE(co_await round.arrive_and_wait());
    });
}

}  // namespace
}  // namespace spargio::sync_test
