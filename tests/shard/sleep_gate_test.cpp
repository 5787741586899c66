#include "spargio/shard/sleep_gate.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "spargio/core/pause.hpp"

namespace spargio::shard_test {
namespace {

using detail::sleep_gate;

TEST(SleepGate, AwakeShardIsNotRung) {
    sleep_gate gate;
    EXPECT_FALSE(gate.announced());
    EXPECT_FALSE(gate.must_ring());
}

TEST(SleepGate, OneRingPerAnnouncement) {
    sleep_gate gate;
    gate.announce();
    EXPECT_TRUE(gate.announced());
    EXPECT_TRUE(gate.must_ring());
    EXPECT_FALSE(gate.must_ring());
    EXPECT_FALSE(gate.announced());
    EXPECT_TRUE(gate.still_rung());
    gate.woke_up();
    EXPECT_FALSE(gate.still_rung());
    EXPECT_FALSE(gate.must_ring());
    gate.announce();
    EXPECT_FALSE(gate.still_rung());
    EXPECT_TRUE(gate.must_ring());
}

TEST(SleepGate, NobodyRingsOneThatWokeByItself) {
    sleep_gate gate;
    gate.announce();
    gate.woke_up();
    EXPECT_FALSE(gate.announced());
    EXPECT_FALSE(gate.must_ring());
}

TEST(SleepGate, OnlyOneOfManyThreadsRings) {
    constexpr int rounds = 2'000;
    constexpr int threads = 3;
    sleep_gate gate;
    std::atomic<int> round = 0;
    std::atomic<int> asked = 0;
    std::atomic<int> rang = 0;
    std::vector<std::jthread> sources;
    for (int i = 0; i < threads; ++i) {
        sources.emplace_back([&] {
            for (int next = 1; next <= rounds; ++next) {
                while (round.load() < next)
                    std::this_thread::yield();
                if (gate.must_ring())
                    ++rang;
                ++asked;
            }
        });
    }
    for (int next = 1; next <= rounds; ++next) {
        gate.announce();
        round = next;
        while (asked.load() < next * threads)
            std::this_thread::yield();
        EXPECT_EQ(rang.load(), next);
        gate.woke_up();
    }
}

/// The two sides at the same moment, again and again: a store that became visible after the load
/// behind it would let both look past each other.
TEST(SleepGate, OneOfTheTwoSeesTheOther) {
    constexpr int rounds = 100'000;
    sleep_gate gate;
    std::atomic<int> published = 0;
    std::atomic<int> begun = 0;
    std::atomic<int> ended = 0;
    bool rang = false;
    std::jthread source([&] {
        for (int round = 1; round <= rounds; ++round) {
            for (detail::backoff between_looks; begun.load() < round;)
                between_looks.wait();
            published.store(round, std::memory_order_seq_cst);
            rang = gate.must_ring();
            ended = round;
        }
    });
    int missed = 0;
    for (int round = 1; round <= rounds; ++round) {
        begun = round;
        // So that the other thread, which has yet to hear of it, comes neither too early nor late.
        for (int i = round % 32; i > 0; --i)
            detail::pause();
        gate.announce();
        const bool saw = published.load(std::memory_order_seq_cst) == round;
        for (detail::backoff between_looks; ended.load() < round;)
            between_looks.wait();
        missed += !saw && !rang ? 1 : 0;
        gate.woke_up();
    }
    EXPECT_EQ(missed, 0);
}

/// A kernel that is nothing but a flag: whatever was published before it is rung is seen after.
TEST(SleepGate, WhatWasPublishedIsSeenOrRungFor) {
    // Where others want the CPU too, each step waits for a turn of it: so not for longer than this.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
    constexpr int rounds = 50'000;
    constexpr int no_more = -1;
    sleep_gate gate;
    std::atomic<int> published = 0;
    std::atomic<int> taken = 0;
    std::atomic<bool> bell = false;
    std::jthread source([&] {
        const auto publish = [&](int what) {
            published.store(what, std::memory_order_seq_cst);
            if (gate.must_ring())
                bell.store(true, std::memory_order_release);
        };
        for (int next = 1; next <= rounds && std::chrono::steady_clock::now() < end; ++next) {
            publish(next);
            while (taken.load(std::memory_order_acquire) < next)
                std::this_thread::yield();
        }
        publish(no_more);
    });
    for (int seen = 0;;) {
        const int there = published.load(std::memory_order_acquire);
        if (there == no_more)
            break;
        if (there == seen) {
            gate.announce();
            if (published.load(std::memory_order_seq_cst) == seen) {
                while (!bell.exchange(false, std::memory_order_acquire))
                    std::this_thread::yield();
            }
            gate.woke_up();
            bell.store(false, std::memory_order_relaxed);
            continue;
        }
        taken.store(++seen, std::memory_order_release);
        // Now the source has to run, which may need this CPU.
        std::this_thread::yield();
    }
}

}  // namespace
}  // namespace spargio::shard_test
