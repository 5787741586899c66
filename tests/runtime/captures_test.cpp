// What a spawned callable holds is let go of on its shard, before anybody is told that it has
// ended.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "entry.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using runtime_test::with_shards;

constexpr unsigned nowhere = 99;

/// Says on which shard it was let go of, after a while in which others could go on too early.
class held {
public:
    explicit held(std::atomic<unsigned>& let_go_on) noexcept : let_go_on_(&let_go_on) {}
    held(held&& other) noexcept : let_go_on_(std::exchange(other.let_go_on_, nullptr)) {}
    ~held() {
        if (let_go_on_ == nullptr)
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        *let_go_on_ = shard::current() == nullptr ? nowhere : this_shard::id();
    }

private:
    std::atomic<unsigned>* let_go_on_;
};

/// A child elsewhere holds a permit, say, of a semaphore that stands beside the group.
TEST(Captures, OfAChildAreGoneWhenItsGroupIsJoined) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        for (const bool throws : {false, true}) {
            std::atomic<unsigned> let_go_on = nowhere;
            task_group group;
            auto child = [throws, kept = held(let_go_on)]() -> task<void> {
                co_await yield();
                if (throws)
                    throw std::runtime_error("child");
            };
            EXPECT_TRUE(group.spawn(placement::pinned(1), std::move(child)));
            bool caught = false;
            try {
                co_await group.join();
            } catch (const std::runtime_error&) {
                caught = true;
            }
            EXPECT_EQ(caught, throws);
            EXPECT_EQ(let_go_on, 1u);
        }
    });
}

TEST(Captures, OfATaskAreGoneWhenItHasEnded) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        std::atomic<unsigned> let_go_on = nowhere;
        auto work = [kept = held(let_go_on)]() -> task<void> { co_await yield(); };
        auto ended = this_runtime().spawn(placement::pinned(1), std::move(work));
        while (!ended->is_done())
            co_await yield();
        // Not only when its handle goes.
        EXPECT_EQ(let_go_on, 1u);
        co_await *ended;
    });
}

TEST(Captures, AreGoneWhenTheCallableThrowsBeforeThereIsATask) {
    runtime own = with_shards(2);
    own.block_on([]() -> task<void> {
        std::atomic<unsigned> let_go_on = nowhere;
        auto work = [kept = held(let_go_on)]() -> task<void> { throw std::logic_error("x"); };
        auto ended = this_runtime().spawn(placement::pinned(1), std::move(work));
        while (!ended->is_done())
            co_await yield();
        EXPECT_EQ(let_go_on, 1u);
        EXPECT_TRUE((co_await ended->join()).has_exception());
    });
}

/// What it held may lead into what the caller destroys once all have ended.
TEST(Captures, OfADetachedTaskAreGoneWhenAShutdownFindsThatAllHaveEnded) {
    runtime own = with_shards(2);
    own.block_on([&]() -> task<void> {
        std::atomic<unsigned> let_go_on = nowhere;
        auto work = [kept = held(let_go_on)]() -> task<void> { co_await yield(); };
        this_runtime().spawn(placement::pinned(1), std::move(work))->detach();
        const auto report = co_await own.shutdown(std::chrono::hours(1));
        EXPECT_TRUE(report.clean());
        EXPECT_EQ(let_go_on, 1u);
    });
}

}  // namespace
}  // namespace spargio
