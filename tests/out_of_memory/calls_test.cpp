// What is called on shards and threads, with one allocation after the other failing: it throws
// std::bad_alloc or does what it does, keeps nothing, holds no lock, and can be called again.

#include <chrono>
#include <functional>
#include <new>

#include "failing_memory.hpp"
#include "spargio/boundary/channel.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/cancellation_token.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/sync/barrier.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/watch.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::memory_test {
namespace {

using namespace std::chrono_literals;

/// Calls `call` with one allocation after the other failing; it must throw nothing else.
template <class Call>
void expect_bad_alloc_or_nothing(Call call) {
    call();  // what it makes for the whole process, or keeps for the next time
    const std::size_t before = blocks_in_use();
    fail_each_allocation([&](std::uint64_t number) {
        const failing_memory failing(number);
        try {
            call();
        } catch (const std::bad_alloc&) {
            EXPECT_TRUE(failing.has_failed());
        }
        return failing.has_failed();
    });
    call();
    EXPECT_EQ(blocks_in_use(), before);
}

TEST_F(OutOfMemory, Channels) {
    expect_bad_alloc_or_nothing([] {
        auto [many, from_many] = mpmc_channel<int>(4);
        auto [to_all, of_all] = broadcast_channel<int>(4);
        auto [setting, watched] = watch_channel<int>(1);
        auto [answer, answered] = oneshot_channel<int>();
        EXPECT_TRUE(many.try_send(1));
        EXPECT_TRUE(to_all.send(1));
        EXPECT_TRUE(setting.send(2));
        EXPECT_TRUE(answer.send(1));
        EXPECT_EQ(*from_many.try_recv(), 1);
        EXPECT_EQ(of_all.try_recv()->item, 1);
        EXPECT_EQ(watched.get(), 2);
        EXPECT_EQ(*answered.try_recv(), 1);
    });
}

/// Too large for three pointers, so that a callback that holds it is allocated.
struct large {
    std::array<std::uint64_t, 16> bytes{};
};

/// An item whose copying allocates, under the lock of its channel.
TEST_F(OutOfMemory, CopiesOfWhatIsShared) {
    expect_bad_alloc_or_nothing([] {
        const std::vector<int> item(100, 7);
        auto [to_all, of_all] = broadcast_channel<std::vector<int>>(2);
        auto [setting, watched] = watch_channel(item);
        EXPECT_TRUE(to_all.send(item));
        EXPECT_TRUE(setting.send(item));
        const auto get_both = [&] {
            EXPECT_EQ(watched.get(), item);
            EXPECT_EQ(of_all.try_recv()->item, item);
        };
        try {
            get_both();
        } catch (const std::bad_alloc&) {
            // No lock was left behind, and nothing counts as received.
            get_both();
        }
    });
}

TEST_F(OutOfMemory, Boundaries) {
    expect_bad_alloc_or_nothing([] {
        auto [client, server] = boundary::channel<int, int>(2);
        const large context;
        for (int i = 0; i != 4; ++i) {
            // Of a call that threw no slot is left in use.
            unsigned told = 0;
            auto called = client.call(1, [context, &told](result<int>) {
                (void)context;
                ++told;
            });
            EXPECT_TRUE(called);
            EXPECT_TRUE(called->cancel());
            EXPECT_EQ(told, 1u);
        }
    });
}

TEST_F(OutOfMemory, ABoundaryCallThatThrewLeavesItsSlot) {
    auto [client, server] = boundary::channel<int, int>(1);
    fail_each_allocation([&](std::uint64_t number) {
        const large context;
        const failing_memory failing(number);
        try {
            auto called = client.call(1, [context](result<int>) { (void)context; });
            EXPECT_TRUE(called && called->cancel());
        } catch (const std::bad_alloc&) {
        }
        return failing.has_failed();
    });
    EXPECT_EQ(client.stats().waiting, 0u);
    EXPECT_EQ(client.stats().refused_overloaded, 0u);
}

TEST_F(OutOfMemory, Tokens) {
    expect_bad_alloc_or_nothing([] {
        const cancellation_token parent;
        const cancellation_token child = parent.child();
        (void)parent.cancel();
        EXPECT_TRUE(child.is_cancelled());
        const barrier meeting(1, [context = large()] { (void)context; });
    });
}

// --- on shards -----------------------------------------------------------------------------------

/// Runs `scenario`, a callable that returns a task, on a fresh runtime each time: what a shard
/// allocates once and keeps is allocated each time. Everything from the spawn to the join may fail.
template <class Scenario>
void on_fresh_shards(Scenario scenario) {
    const auto run_it = [&](std::uint64_t number) {
        auto own = detail::build_or_throw(runtime_builder().shards(2).spin_us(0));
        const failing_memory failing(number);
        try {
            auto running = own.handle().spawn(placement::pinned(0), scenario);
            if (running) {
                running->wait();
            } else {
                ADD_FAILURE() << running.error();
            }
        } catch (const std::bad_alloc&) {
            EXPECT_TRUE(failing.has_failed());
        }
        return failing.has_failed();
    };
    (void)run_it(from_then_on - 1);
    const std::size_t before = blocks_in_use();
    fail_each_allocation(run_it);
    (void)run_it(from_then_on - 1);
    EXPECT_EQ(blocks_in_use(), before);
}

task<result<int>> five() {
    co_return 5;
}
task<result<int>> wait_for_stop() {
    const auto slept = co_await sleep_for(1h);
    if (!slept)
        co_return failure(slept.error());
    co_return 0;
}

TEST_F(OutOfMemory, Spawns) {
    on_fresh_shards([]() -> task<void> {
        auto there = this_runtime().spawn(placement::pinned(1), five);
        auto here = this_runtime().spawn(placement::stealable(), five());
        EXPECT_EQ((co_await *std::move(there)).value(), 5);
        EXPECT_EQ((co_await *std::move(here)).value(), 5);
    });
}

TEST_F(OutOfMemory, Timeouts) {
    on_fresh_shards([]() -> task<void> {
        EXPECT_EQ((co_await timeout(1h, five())).value(), 5);
        EXPECT_EQ((co_await timeout(1ns, wait_for_stop())).error(), std::errc::timed_out);
    });
}

/// One that throws has set no timer, and one that is caught can be followed by another.
TEST_F(OutOfMemory, ATimeoutThatThrewIsForgotten) {
    on_fresh_shards([]() -> task<void> {
        for (bool done = false; !done;) {
            try {
                EXPECT_EQ((co_await timeout(1h, five())).value(), 5);
                done = true;
            } catch (const std::bad_alloc&) {
            }
        }
        // Nobody is asked to stop by what is over.
        EXPECT_TRUE(co_await sleep_for(1ms));
    });
}

TEST_F(OutOfMemory, Sleeps) {
    on_fresh_shards([]() -> task<void> {
        spargio::sleep until(1us);
        EXPECT_TRUE(co_await until);
        EXPECT_TRUE(co_await sleep_for(1us));
    });
}

TEST_F(OutOfMemory, BlockingCalls) {
    on_fresh_shards(
        []() -> task<void> { EXPECT_EQ((co_await spawn_blocking([] { return 3; })).value(), 3); });
}

TEST_F(OutOfMemory, AGroupCountsNoChildThatWasNotStarted) {
    on_fresh_shards([]() -> task<void> {
        task_group group;
        try {
            EXPECT_TRUE(group.spawn([]() -> task<void> { co_return; }));
            EXPECT_TRUE(group.spawn(placement::pinned(1), []() -> task<void> { co_return; }));
        } catch (const std::bad_alloc&) {
        }
        // Would hang for ever on one that was counted and never started.
        co_await group.join();
    });
}

/// Ends, and the server's end with it, when its frame does.
task<void> serve(boundary::server<int, int> server) {
    while (auto received = co_await server.recv())
        (void)received->respond(received->request() + 1);
}

TEST_F(OutOfMemory, CallsOverABoundary) {
    on_fresh_shards([]() -> task<void> {
        auto [client, server] = boundary::channel<int, int>(1);
        auto served = this_runtime().spawn(placement::pinned(1), serve(std::move(server)));
        EXPECT_TRUE(served);
        EXPECT_EQ((co_await client.call(1)).value(), 2);
        EXPECT_EQ((co_await client.call_with_timeout(2, 1h)).value(), 3);
        client.close();
        co_await *std::move(served);
    });
}

TEST_F(OutOfMemory, Races) {
    on_fresh_shards([]() -> task<void> {
        EXPECT_EQ((co_await when_any(wait_for_stop(), five())).index(), 1u);
    });
}

}  // namespace
}  // namespace spargio::memory_test
