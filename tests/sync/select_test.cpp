// Waiting for several at once does exactly one of them.

#include "spargio/sync/select.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "spargio/core/when_any.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/mutex.hpp"
#include "spargio/sync/semaphore.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/timeout.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

using receiver = channel_receiver<std::uint64_t>;
using sender = channel_sender<std::uint64_t>;

TEST(Select, TakesFromTheOneThatIsReadyAndLeavesTheOther) {
    on_shards(1, []() -> task<void> {
        auto [to_a, a] = mpmc_channel<std::uint64_t>(4);
        auto [to_b, b] = mpmc_channel<std::uint64_t>(4);
        EXPECT_TRUE(to_b.try_send(1));
        auto got = co_await when_any(a.recv(), b.recv());
        EXPECT_EQ(got.index(), 1u);
        EXPECT_EQ(std::get<1>(got), 1u);
        EXPECT_TRUE(to_a.try_send(2));
        EXPECT_TRUE(to_b.try_send(3));
        got = co_await when_any(a.recv(), b.recv());
        EXPECT_EQ(got.index(), 0u) << "both are ready: the first in the order of the arguments";
        EXPECT_EQ(b.try_recv(), 3u);
    });
}

TEST(Select, WhatIsPromisedToALoserPassesOn) {
    on_shards(1, []() -> task<void> {
        auto [to_a, a] = mpmc_channel<std::uint64_t>(4);
        auto [to_b, b] = mpmc_channel<std::uint64_t>(4);
        auto both =
            start(placement::local(), [](receiver from_a, receiver from_b) -> task<std::size_t> {
                auto got = co_await when_any(from_a.recv(), from_b.recv());
                co_return got.index();
            }(a, b));
        co_await turns();
        auto behind = start(placement::local(), [](receiver from) -> task<std::uint64_t> {
            co_return *co_await from.recv();
        }(a));
        co_await turns();
        EXPECT_TRUE(to_b.try_send(1));
        EXPECT_TRUE(to_a.try_send(2));
        EXPECT_EQ(co_await std::move(both), 1u);
        EXPECT_EQ(co_await std::move(behind), 2u);
    });
}

TEST(Select, MixesChannelsWithEverythingThatHasALine) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<std::uint64_t>(1);
        event over;
        mutex lock;
        EXPECT_TRUE(to.try_send(1));
        auto held = lock.try_lock();
        auto waiting = start(
            placement::local(), [](sender out, event& ended, mutex& free) -> task<std::size_t> {
                auto first = co_await when_any(out.send(2), ended.wait(), free.lock());
                co_return first.index();
            }(to, over, lock));
        co_await turns();
        EXPECT_FALSE(waiting.is_done());
        over.set();
        EXPECT_EQ(co_await std::move(waiting), 1u);
        EXPECT_EQ(from.try_recv(), 1u);
        EXPECT_FALSE(from.try_recv());
        held.unlock();
        EXPECT_TRUE(lock.try_lock());
    });
}

TEST(Select, AStopLeavesEverythingWhereItIs) {
    on_shards(1, []() -> task<void> {
        auto [to_a, a] = mpmc_channel<std::uint64_t>(4);
        auto [to_b, b] = mpmc_channel<std::uint64_t>(4);
        auto both = start(placement::local(),
                          [](receiver from_a, receiver from_b) -> task<std::error_code> {
                              auto got = co_await when_any(from_a.recv(), from_b.recv());
                              EXPECT_EQ(got.index(), 0u);
                              co_return std::get<0>(got).error();
                          }(a, b));
        co_await turns();
        EXPECT_TRUE(to_b.try_send(1));
        both.request_stop();
        EXPECT_TRUE(cancelled(co_await std::move(both)));
        EXPECT_EQ(b.try_recv(), 1u);
    });
}

// --- no item is lost, whoever loses --------------------------------------------------------------

enum class way { operations, tasks, deadlines };

task<result<std::uint64_t>> receive(receiver& from) {
    co_return co_await from.recv();
}

/// Counts which of `seen` came, from two channels at once, until both are closed.
task<std::uint64_t> receive_both(receiver a, receiver b, std::vector<std::atomic<int>>& seen,
                                 way how) {
    std::uint64_t count = 0;
    bool open[2] = {true, true};
    while (open[0] || open[1]) {
        std::size_t index = open[0] ? 0 : 1;
        result<std::uint64_t> got = failure(ECANCELED);
        if (how == way::deadlines) {
            receiver& from = count % 2 == 0 && open[0] ? a : open[1] ? b : a;
            index = &from == &a ? 0 : 1;
            got = co_await timeout(std::chrono::microseconds(count % 7), receive(from));
            if (!got && got.error() == std::errc::timed_out) {
                ++count;
                continue;
            }
        } else if (open[0] && open[1]) {
            if (how == way::operations) {
                auto first = co_await when_any(a.recv(), b.recv());
                index = first.index();
                got = index == 0 ? std::get<0>(first) : std::get<1>(first);
            } else {
                auto first = co_await when_any(receive(a), receive(b));
                index = first.index();
                got = index == 0 ? std::get<0>(first) : std::get<1>(first);
            }
        } else {
            got = co_await (index == 0 ? a : b).recv();
        }
        if (!got) {
            EXPECT_EQ(got.error(), errc::closed);
            open[index] = false;
            continue;
        }
        ++count;
        ++seen[*got];
    }
    co_return count;
}

task<void> send_some(sender a, sender b, std::atomic<std::uint64_t>& next, std::uint64_t count,
                     std::uint64_t seed) {
    testing::random_source random(seed);
    while (true) {
        const std::uint64_t item = next.fetch_add(1);
        if (item >= count)
            co_return;
        const auto sent = co_await (random.chance(50) ? a : b).send(item);
        EXPECT_TRUE(sent);
        if (random.chance(20))
            co_await yield();
    }
}

struct storm {
    way how;
    bool stealable;
};

class SelectStorm : public ::testing::TestWithParam<storm> {};

TEST_P(SelectStorm, EveryItemIsReceivedOnce) {
    const std::uint64_t count = stress::times(60'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    std::vector<std::atomic<int>> seen(count);
    on_shards(2, [&, how = GetParam()]() -> task<void> {
        std::atomic<std::uint64_t> next = 0;
        std::vector<join_handle<std::uint64_t>> receiving;
        std::vector<join_handle<void>> sending;
        {
            auto [to_a, a] = mpmc_channel<std::uint64_t>(4);
            auto [to_b, b] = mpmc_channel<std::uint64_t>(4);
            for (unsigned i = 0; i < 4; ++i) {
                const auto where =
                    how.stealable ? placement::stealable() : placement::pinned(i % 2);
                receiving.push_back(start(where, receive_both(a, b, seen, how.how)));
                sending.push_back(start(where, send_some(to_a, to_b, next, count, seed + i)));
            }
        }
        for (auto& each : sending)
            co_await std::move(each);
        for (auto& each : receiving)
            co_await std::move(each);
    });
    EXPECT_EQ(std::ranges::count_if(seen, [](const auto& each) { return each != 1; }), 0);
}

TEST(Select, ABarrierWhosePhaseEndedIsTheOneThatWasDone) {
    on_shards(1, []() -> task<void> {
        semaphore permits(0);
        barrier round(2);
        auto either = start(placement::local(), [](semaphore& to_take, barrier& at) -> task<bool> {
            const auto done = co_await when_any(to_take.acquire(), at.arrive_and_wait());
            co_return done.index() == 1 && std::get<1>(done).has_value();
        }(permits, round));
        co_await turns();
        permits.release();
        round.arrive_and_drop();
        EXPECT_TRUE(co_await std::move(either)) << "the phase counted its arrival";
        EXPECT_EQ(permits.available(), 1u);
    });
}

std::string name_of(const ::testing::TestParamInfo<storm>& tested) {
    const char* const how = tested.param.how == way::operations ? "operations"
                            : tested.param.how == way::tasks    ? "tasks"
                                                                : "deadlines";
    return std::string(how) + (tested.param.stealable ? "_stealable" : "_pinned");
}

INSTANTIATE_TEST_SUITE_P(Sync, SelectStorm,
                         ::testing::Values(storm{way::operations, false},
                                           storm{way::operations, true}, storm{way::tasks, false},
                                           storm{way::deadlines, false},
                                           storm{way::deadlines, true}),
                         name_of);

}  // namespace
}  // namespace spargio::sync_test
