// A shard that is stuck in a task holds up nothing but what is pinned to it.

#include <gtest/gtest.h>
#include <liburing.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "../shard/forwarding_kernel.hpp"
#include "entry.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_task.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "stuck_shard.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::ends_while_its_shard_is_stuck;
using runtime_test::pipe_ends;
using runtime_test::read_from;
using runtime_test::spin_until;
using runtime_test::until_stopped;
using runtime_test::with_shards;

/// The system's, but for counting who makes the process fit for nudges, and who nudges.
class counting_kernel final : public shard_test::forwarding_kernel {
public:
    counting_kernel() : forwarding_kernel(system_kernel()) {}

    std::atomic<int> prepared = 0;
    std::atomic<int> nudged = 0;

    int prepare_nudges() noexcept override {
        ++prepared;
        return forwarding_kernel::prepare_nudges();
    }
    int nudge() noexcept override {
        EXPECT_GT(prepared, 0);
        ++nudged;
        return forwarding_kernel::nudge();
    }
};

/// Preparing takes milliseconds in a process with threads: it is over before anybody waits for it.
TEST(Rescue, NudgesArePreparedBeforeTheFirstIsWanted) {
    counting_kernel counted;
    {
        auto own = runtime_builder().shards(2).build_on(counted);
        ASSERT_TRUE(own.has_value());
        EXPECT_EQ(counted.prepared, 1);
    }
    {
        auto alone = runtime_builder().shards(1).build_on(counted);
        ASSERT_TRUE(alone.has_value());
        EXPECT_EQ(counted.prepared, 1);
    }
}

TEST(Rescue, AnotherShardRunsWhatWaitsBehindAStuckTask) {
    runtime own = with_shards(2);
    own.block_on(0, [&]() -> task<void> {
        std::atomic<bool> ran = false;
        auto behind = value_or_throw(
            this_runtime().spawn(placement::stealable_preferred(0), [&]() -> task<unsigned> {
                ran.store(true, std::memory_order_release);
                co_return this_shard::id();
            }));
        EXPECT_TRUE(spin_until(ran));
        EXPECT_EQ(co_await behind, 1u);
    });
    // It depends on what the other one sees first.
    EXPECT_GE(own.stats(1).items_stolen + own.stats(1).items_rescued, 1u);
}

TEST(Rescue, ATimerFires) {
    runtime own = with_shards(2);
    // On a slow machine it may be over before the shard is stuck; but not always.
    for (int tries = 0; tries < 20 && own.stats(1).items_rescued == 0; ++tries) {
        EXPECT_TRUE(ends_while_its_shard_is_stuck(
            own, []() -> task<void> { EXPECT_TRUE(co_await sleep_for(5ms)); }));
    }
    EXPECT_GT(own.stats(1).items_rescued, 0u);
}

TEST(Rescue, ACompletionIsTaken) {
    runtime own = with_shards(2);
    const pipe_ends pipe;
    std::jthread writer([&] {
        std::this_thread::sleep_for(10ms);
        pipe.write();
    });
    EXPECT_TRUE(ends_while_its_shard_is_stuck(own, [&]() -> task<void> {
        std::array<std::byte, 8> bytes;
        EXPECT_EQ(co_await read_from(pipe.reader(), bytes), 1u);
    }));
}

TEST(Rescue, NudgesForCompletionsHeldBackAreCounted) {
    counting_kernel counted;
    auto built = runtime_builder().shards(2).build_on(counted);
    ASSERT_TRUE(built.has_value());
    // One who looks at once: the next tick of the stuck CPU's timer would spare the nudge.
    std::atomic<bool> done = false;
    auto awake = built->handle().spawn(placement::pinned(1), [&]() -> task<void> {
        while (!done)
            co_await yield();
    });
    const pipe_ends pipe;
    for (int tries = 0; tries < 20 && counted.nudged == 0; ++tries) {
        std::jthread writer([&] {
            std::this_thread::sleep_for(10ms);
            pipe.write();
        });
        EXPECT_TRUE(ends_while_its_shard_is_stuck(*built, [&]() -> task<void> {
            std::array<std::byte, 8> bytes;
            EXPECT_EQ(co_await read_from(pipe.reader(), bytes), 1u);
        }));
    }
    done = true;
    awake->wait();
    EXPECT_GT(counted.nudged, 0);
    const runtime_stats seen = built->stats();
    EXPECT_EQ(seen.total.nudges, static_cast<std::uint64_t>(counted.nudged));
    EXPECT_GE(seen.total.rescues, 1u);
}

TEST(Rescue, ADeadlinePassesAndItsOperationIsCancelled) {
    runtime own = with_shards(2);
    const pipe_ends pipe;
    EXPECT_TRUE(ends_while_its_shard_is_stuck(own, [&]() -> task<void> {
        std::array<std::byte, 8> bytes;
        // Not before the shard is stuck, or its cancel would be one of that very turn, and wait.
        const auto read = co_await timeout(100ms, read_from(pipe.reader(), bytes));
        EXPECT_EQ(read.error(), std::errc::timed_out);
    }));
}

/// Set in the turn in which the shard is stuck, so that nobody has looked at the clock since.
TEST(Rescue, ALimitSetJustBeforePasses) {
    for (const auto limit : {5ms, 200ms}) {
        runtime own = with_shards(2);
        const auto spins_until_stopped = []() -> task<bool> {
            const stop_token asked = co_await this_task::stop();
            const auto end = std::chrono::steady_clock::now() + 10s;
            while (!asked.stop_requested()) {
                if (std::chrono::steady_clock::now() > end)
                    co_return false;
            }
            co_return true;
        };
        auto stuck = own.handle().spawn(placement::stealable(), [&]() -> task<bool> {
            co_return *co_await timeout(limit, spins_until_stopped());
        });
        EXPECT_TRUE(stuck->wait());
    }
}

/// A thread that is no shard's asks a group to stop, ten milliseconds after it was told of it.
class stop_from_outside {
public:
    void of(task_group& group) { asked_.store(&group); }
    [[nodiscard]] bool was_told() const { return asked_.load() != nullptr; }

private:
    std::atomic<task_group*> asked_ = nullptr;
    std::jthread thread_{[this] {
        while (asked_.load() == nullptr)
            std::this_thread::yield();
        std::this_thread::sleep_for(10ms);
        asked_.load()->request_stop();
    }};
};

TEST(Rescue, AStopFromOutsideArrives) {
    runtime own = with_shards(2);
    stop_from_outside stop;
    EXPECT_TRUE(ends_while_its_shard_is_stuck(own, [&]() -> task<void> {
        task_group group;
        value_or_throw(group.spawn(placement::stealable_preferred(0),
                                   []() -> task<void> { EXPECT_TRUE(co_await until_stopped()); }));
        stop.of(group);
        co_await group.join();
    }));
}

/// Finds nothing to cancel at first, as the kernel does of what is just on its way to wait.
class late_cancel_kernel final : public shard_test::forwarding_kernel {
public:
    late_cancel_kernel() : forwarding_kernel(system_kernel()) {}

    std::atomic<int> cancels = 0;

    int control(int descriptor, unsigned operation, void* argument,
                unsigned count) noexcept override {
        if (operation == IORING_REGISTER_SYNC_CANCEL && ++cancels <= 100)
            return -ENOENT;
        return forwarding_kernel::control(descriptor, operation, argument, count);
    }
};

/// So many that not all are made again at once.
TEST(Rescue, ACancelThatFoundNothingYetIsMadeAgain) {
    constexpr int readers = 40;
    late_cancel_kernel kernel;
    auto built = runtime_builder().shards(2).build_on(kernel);
    ASSERT_TRUE(built.has_value());
    const pipe_ends silent;
    stop_from_outside stop;
    const auto reads = [&]() -> task<void> {
        task_group group;
        int begun = 0;
        const auto read = [&]() -> task<void> {
            EXPECT_TRUE(co_await reschedule_on(0));
            if (++begun == readers)
                stop.of(group);
            std::array<std::byte, 1> byte;
            const auto got = co_await read_from(silent.reader(), byte);
            EXPECT_EQ(got.error(), std::errc::operation_canceled);
        };
        for (int i = 0; i != readers; ++i)
            value_or_throw(group.spawn(placement::stealable_preferred(0), read));
        co_await group.join();
    };
    EXPECT_TRUE(ends_while_its_shard_is_stuck(*built, reads, [&stop] { return stop.was_told(); }));
    EXPECT_GE(kernel.cancels, 100 + readers);
}

/// The stop is all that the other shard finds, and what it ends goes on there.
TEST(Rescue, AStopFromOutsideEndsAWaitInALine) {
    runtime own = with_shards(2);
    stop_from_outside stop;
    const auto waits_in_line = [&]() -> task<void> {
        event never;
        task_group group;
        value_or_throw(group.spawn(placement::stealable_preferred(0), [&]() -> task<void> {
            EXPECT_TRUE(co_await reschedule_on(0));
            stop.of(group);
            const auto waited = co_await never.wait();
            EXPECT_EQ(waited.error(), std::errc::operation_canceled);
        }));
        co_await group.join();
    };
    EXPECT_TRUE(
        ends_while_its_shard_is_stuck(own, waits_in_line, [&stop] { return stop.was_told(); }));
}

TEST(Rescue, APostArrives) {
    runtime own = with_shards(2);
    EXPECT_TRUE(ends_while_its_shard_is_stuck(own, []() -> task<void> {
        const auto called = co_await spawn_blocking([] {
            std::this_thread::sleep_for(10ms);
            return 7;
        });
        EXPECT_EQ(called, 7);
    }));
}

TEST(Rescue, WhatIsPinnedWaitsAndIsNotLost) {
    runtime own = with_shards(2);
    own.block_on(0, []() -> task<void> {
        auto pinned = value_or_throw(this_shard::spawn([]() -> task<unsigned> {
            EXPECT_TRUE(co_await sleep_for(2ms));
            co_return this_shard::id();
        }));
        co_await sleep_for(1ms);
        const auto end = std::chrono::steady_clock::now() + 30ms;
        while (std::chrono::steady_clock::now() < end) {
        }
        EXPECT_EQ(co_await pinned, 0u);
    });
}

}  // namespace
}  // namespace spargio
