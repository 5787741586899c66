// What tasks wait for of each other takes nothing from the global allocator, waiting or not.

#include <gtest/gtest.h>

// This program counts, too.
#include "../core/global_allocations.cpp"
#include "spargio/core/frame_recycler.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/mutex.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/sync/select.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

/// What two tasks share that take turns.
struct table {
    std::pair<channel_sender<int>, channel_receiver<int>> there = mpmc_channel<int>(1);
    std::pair<channel_sender<int>, channel_receiver<int>> back = mpmc_channel<int>(1);
    std::pair<broadcast_sender<int>, broadcast_receiver<int>> news = broadcast_channel<int>(2);
    mutex lock;
    notify changed;
    event over;
    barrier round{2};
};

task<void> answer(table& at) {
    while (true) {
        auto got = co_await when_any(at.there.second.recv(), at.over.wait());
        if (got.index() == 1)
            co_return;
        const auto guard = co_await at.lock.lock();
        at.changed.notify_one();
        EXPECT_TRUE(at.news.first.send(1));
        EXPECT_TRUE(co_await at.back.first.send(1));
        EXPECT_TRUE(co_await at.back.first.send(2));
        EXPECT_TRUE(co_await at.round.arrive_and_wait());
    }
}

task<void> ask(table& at, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        auto held = co_await at.lock.lock();
        EXPECT_TRUE(co_await at.there.first.send(i));
        co_await yield();
        held->unlock();
        EXPECT_TRUE(co_await at.changed.wait());
        EXPECT_TRUE(co_await at.news.second.recv());
        EXPECT_EQ(co_await at.back.second.recv(), 1);
        EXPECT_EQ(co_await at.back.second.recv(), 2);
        EXPECT_TRUE(co_await at.round.arrive_and_wait());
    }
}

class SteadyState : public ::testing::TestWithParam<unsigned> {};

TEST_P(SteadyState, AllocatesNothing) {
    if (!test::global_allocations_are_counted || !test::frames_are_recycled)
        GTEST_SKIP() << "allocations cannot be counted under this sanitizer";
    on_shards(2, [there = GetParam()]() -> task<void> {
        table at;
        auto answering = start(placement::pinned(there), answer(at));
        co_await ask(at, 200);
        const std::size_t before = test::global_allocations();
        const std::size_t frames = detail::frames_from_global_allocator();
        co_await ask(at, 1000);
        EXPECT_EQ(test::global_allocations() - before, 0u);
        EXPECT_EQ(detail::frames_from_global_allocator() - frames, 0u);
        at.over.set();
        co_await std::move(answering);
    });
}

TEST(Allocation, AreCounted) {
    if (!test::global_allocations_are_counted)
        GTEST_SKIP();
    const std::size_t before = test::global_allocations();
    ::operator delete(::operator new(4));
    EXPECT_EQ(test::global_allocations(), before + 1);
}

INSTANTIATE_TEST_SUITE_P(Sync, SteadyState, ::testing::Values(0u, 1u));

}  // namespace
}  // namespace spargio::sync_test
