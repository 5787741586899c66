// Waking a shard that sleeps in the kernel, through each of its bells. Real threads; every step
// waits for what it needs and for nothing else.

#include <gtest/gtest.h>

#include <cerrno>
#include <semaphore>
#include <string>

#include "shard_threads.hpp"
#include "spargio/shard/next_message.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "watched_kernel.hpp"

namespace spargio::shard_test {
namespace {

using testing::simulated_kernel;
using testing::simulated_options;

shard_options with_disabled(feature_set disabled) {
    disabled.add(features_disabled_by_environment());
    return {.ring = {.entries = 16, .cq_entries = 64, .disabled = disabled},
            .mailbox_capacity = 8,
            .spin_us = 0,
            // Who wakes after a while rings a sleeper to look after it: one bell more.
            .rescue = {.after_us = 0}};
}

/// On which thread something ran, and that it did.
struct arrival {
    action item{[this] {
        on = shard::current();
        came.release();
    }};
    shard* on = nullptr;
    std::binary_semaphore came{0};
};

/// Goes to sleep for as long as the task on the other shard takes: `waits` entries that may sleep.
task<void> post_to(shard& target, arrival& there, watched_kernel& kernel, int waits) {
    kernel.await_waits(waits);
    target.post(there.item);
    co_return;
}

class Bells : public ::testing::TestWithParam<bool> {
protected:
    // The simulated kernel waits for threads too: its clock stands still while one is awake.
    simulated_kernel simulated{simulated_options{}};
    watched_kernel kernel{GetParam() ? static_cast<spargio::kernel&>(simulated) : system_kernel()};
};

INSTANTIATE_TEST_SUITE_P(Kernel, Bells, ::testing::Bool(), [](const auto& tested) {
    return std::string(tested.param ? "simulated" : "real");
});

TEST_P(Bells, AnotherShardRingsThroughItsRing) {
    shard_threads shards(kernel, 2, with_disabled({}));
    if (!shards[0].features().has(feature::message_ring))
        GTEST_SKIP() << "message_ring is not available";
    arrival there;
    kernel.await_waits(2);
    shards.run(0, post_to(shards[1], there, kernel, 2));
    there.came.acquire();
    EXPECT_EQ(there.on, &shards[1]);
    EXPECT_EQ(shards[0].stats().bells_sent, 1u);
    EXPECT_EQ(shards[1].stats().bells_from_outside, 0u);
}

TEST_P(Bells, ThreadWithoutARingRingsThroughARegisterCall) {
    shard_threads shards(kernel, 1, with_disabled({}));
    if (!shards[0].features().has(feature::register_message))
        GTEST_SKIP() << "register_message is not available";
    arrival there;
    kernel.await_waits(1);
    shards[0].post(there.item);
    there.came.acquire();
    EXPECT_EQ(there.on, &shards[0]);
    EXPECT_EQ(kernel.messages.load(), 1);
    EXPECT_EQ(kernel.strikes.load(), 0);
}

TEST_P(Bells, ThreadWithoutARingStrikesAnEventfdWhereItMust) {
    shard_threads shards(kernel, 1, with_disabled({feature::register_message}));
    for (int times = 1; times <= 5; ++times) {
        arrival there;
        kernel.await_waits(times);
        shards[0].post(there.item);
        there.came.acquire();
        EXPECT_EQ(there.on, &shards[0]);
    }
    EXPECT_EQ(kernel.messages.load(), 0);
    EXPECT_GE(kernel.strikes.load(), 1);
}

TEST_P(Bells, AnotherShardStrikesAnEventfdWhereItMust) {
    shard_threads shards(kernel, 2,
                         with_disabled({feature::message_ring, feature::register_message}));
    arrival there;
    kernel.await_waits(2);
    shards.run(0, post_to(shards[1], there, kernel, 2));
    there.came.acquire();
    EXPECT_EQ(there.on, &shards[1]);
    EXPECT_EQ(shards[0].stats().bells_sent, 0u);
    EXPECT_EQ(shards[1].stats().bells_from_outside, 1u);
    EXPECT_GE(kernel.strikes.load(), 1);
}

/// Deferred rings take messages in another way than the others.
TEST_P(Bells, DeferredRingsAreRungToo) {
    auto options = with_disabled({});
    options.ring.deferred = true;
    shard_threads shards(kernel, 2, options);
    for (int times = 0; times < 20; ++times) {
        arrival there, back;
        shards[0].post(there.item);
        there.came.acquire();
        shards.run(0, [](shard& target, arrival& post) -> task<void> {
            target.post(post.item);
            co_return;
        }(shards[1], back));
        back.came.acquire();
        EXPECT_EQ(back.on, &shards[1]);
    }
}

TEST_P(Bells, MessageWakesItsReceiver) {
    shard_threads shards(kernel, 1, with_disabled({}));
    std::binary_semaphore came{0};
    root<std::uint64_t> receiver(shards[0], []() -> task<std::uint64_t> {
        co_return (co_await detail::message_awaiter())->value;
    }());
    receiver.at_end = [&] { came.release(); };
    kernel.await_waits(1);
    receiver.start();
    kernel.await_waits(2);
    EXPECT_TRUE(shards[0].try_send({.value = 17}));
    came.acquire();
    EXPECT_EQ(receiver.take(), 17u);
}

TEST_P(Bells, ExitWakesASleeper) {
    shard_threads shards(kernel, 2, with_disabled({}));
    kernel.await_waits(2);
    shards.end();
}

TEST_P(Bells, BellThatDidNotArriveIsRungAgain) {
    shard_threads shards(kernel, 2, with_disabled({}));
    if (!shards[0].features().has(feature::message_ring))
        GTEST_SKIP() << "message_ring is not available";
    arrival there;
    kernel.await_waits(2);
    kernel.spoil_messages = 1;
    shards.run(0, post_to(shards[1], there, kernel, 2));
    there.came.acquire();
    EXPECT_EQ(there.on, &shards[1]);
    EXPECT_EQ(kernel.spoil_messages.load(), 0);
    EXPECT_EQ(shards[0].stats().bells_sent, 1u);
    EXPECT_EQ(shards[1].stats().bells_from_outside, 1u);
}

TEST_P(Bells, RegisterCallWithoutMemoryIsMadeAgain) {
    for (const int error : {ENOMEM, EOVERFLOW, EAGAIN, EINTR}) {
        shard_threads shards(kernel, 1, with_disabled({}));
        if (!shards[0].features().has(feature::register_message))
            GTEST_SKIP() << "register_message is not available";
        arrival there;
        kernel.waits = 0;
        kernel.refuse_outsiders_with = error;
        kernel.refuse_outsiders = 3;
        // Rung if it sleeps by now; if not, the next one does.
        while (kernel.refuse_outsiders.load() != 0) {
            shards[0].post(there.item);
            there.came.acquire();
        }
        EXPECT_EQ(there.on, &shards[0]);
    }
}

/// Who rang first believes that it did. Nobody else would ring until the sleeper wakes up.
TEST_P(Bells, ExitRingsBehindABellThatWasLost) {
    shard_threads shards(kernel, 1, with_disabled({}));
    if (!shards[0].features().has(feature::register_message))
        GTEST_SKIP() << "register_message is not available";
    arrival there;
    kernel.await_waits(1);
    kernel.refuse_outsiders_with = EBADF;
    kernel.refuse_outsiders = 1;
    shards[0].post(there.item);
    EXPECT_EQ(kernel.message_errors.load(), 1);
    EXPECT_FALSE(there.came.try_acquire());
    shards.end();
    EXPECT_TRUE(there.came.try_acquire());
    EXPECT_EQ(kernel.messages.load(), 1);
}

/// Bells of one runtime are none of another's business: it may be gone by the time they are rung.
TEST_P(Bells, ShardOfAnotherRuntimeRingsAsAnOutsider) {
    shard_threads ours(kernel, 1, with_disabled({}));
    kernel.await_waits(1);
    shard_threads theirs(kernel, 1, with_disabled({}));
    kernel.await_waits(2);
    arrival there;
    ours.run(0, post_to(theirs[0], there, kernel, 2));
    there.came.acquire();
    EXPECT_EQ(there.on, &theirs[0]);
    EXPECT_EQ(ours[0].stats().bells_sent, 0u);
    EXPECT_EQ(theirs[0].stats().bells_from_outside, 1u);
}

/// Anybody may look at any time; the thread sanitizer sees whether the ring is still there.
TEST(BellsAtTheEnd, StatsAreReadWhileTheRingIsClosed) {
    for (int round = 0; round < 100; ++round) {
        simulated_kernel simulated{simulated_options{}};
        shard_threads shards(simulated, 1, with_disabled({}));
        std::atomic<bool> over = false;
        std::jthread reader([&] {
            std::uint64_t entries = 0;
            while (!over.load()) {
                const std::uint64_t seen = shards[0].stats().kernel_entries;
                EXPECT_GE(seen, entries);
                entries = seen;
            }
        });
        shards.end();
        over = true;
    }
}

/// close() and a thread that is still about to ring: the thread sanitizer and the descriptors tell.
TEST(BellsAtTheEnd, CloseWaitsForOutsiders) {
    for (const bool with_eventfd : {false, true}) {
        for (int round = 0; round < 200; ++round) {
            simulated_kernel simulated{simulated_options{}};
            const feature_set disabled =
                with_eventfd ? feature_set{feature::register_message} : feature_set{};
            arrival there;
            std::jthread outsider;
            {
                shard_threads shards(simulated, 1, with_disabled(disabled));
                outsider = std::jthread([&] { shards[0].post(there.item); });
                there.came.acquire();
                // What it posted has run; it may still have its hand on the bell.
                shards.end();
                outsider.join();
            }
            ASSERT_EQ(simulated.open_descriptors(), 0u);
        }
    }
}

}  // namespace
}  // namespace spargio::shard_test
