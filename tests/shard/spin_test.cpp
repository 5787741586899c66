// When a shard looks at memory before it sleeps, and when it does not. Virtual time: a look at the
// clock costs a little of it, so a spin comes to its end.

#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/sleep.hpp"
#include "stage.hpp"
#include "watched_kernel.hpp"

namespace spargio::shard_test {
namespace {

using testing::request_kind;
using testing::simulated_kernel;

constexpr unsigned spin_us = 50;

task<void> receive_times(int times) {
    std::array<std::byte, 16> buffer;
    while (times-- > 0) {
        (void)co_await detail::await_operation<recv_operation>(detail::decode_count{}, nullptr, 0,
                                                               std::span(buffer));
    }
}

TEST(Spin, PaysForWhatComesSoon) {
    simulated_kernel kernel(alone(1));
    stage here(kernel, small(spin_us));
    kernel.script({.kind = request_kind::recv, .result = 1, .delay_ns = 5'000, .times = 100});
    here.run(receive_times(100));
    EXPECT_EQ(here->stats().spins, 100u);
    EXPECT_EQ(here->stats().spins_paid, 100u);
    EXPECT_EQ(here->stats().parks, 0u);
}

TEST(Spin, StopsForWhatComesLate) {
    simulated_kernel behind(alone(1));
    watched_kernel kernel(behind);
    stage here(kernel, small(spin_us));
    behind.script({.kind = request_kind::recv, .result = 1, .delay_ns = 10'000'000, .times = 1000});
    here.run(receive_times(1000));
    EXPECT_EQ(here->stats().spins, 1u);
    EXPECT_EQ(here->stats().spins_paid, 0u);
    EXPECT_EQ(here->stats().parks, 1000u);
    // One spin of a thousand looks, and then two looks a sleep.
    EXPECT_LT(kernel.clock_looks.load(), 1'300 + 3 * 1000);
}

TEST(Spin, ComesBackWhenWaitsGetShortAgain) {
    simulated_kernel kernel(alone(1));
    stage here(kernel, small(spin_us));
    kernel.script({.kind = request_kind::recv, .result = 1, .delay_ns = 10'000'000, .times = 10});
    kernel.script({.kind = request_kind::recv, .result = 1, .delay_ns = 5'000, .times = 100});
    here.run(receive_times(110));
    EXPECT_EQ(here->stats().parks, 11u);
    EXPECT_EQ(here->stats().spins_paid, 99u);
}

/// Too late for the spin, and too early to be told from what a spin would have caught.
TEST(Spin, WaitsThatAlwaysJustMissItBurnLittle) {
    simulated_kernel behind(alone(1));
    watched_kernel kernel(behind);
    stage here(kernel, small(spin_us));
    behind.script({.kind = request_kind::recv, .result = 1, .delay_ns = 90'000, .times = 3000});
    here.run(receive_times(3000));
    EXPECT_EQ(here->stats().spins_paid, 0u);
    EXPECT_EQ(here->stats().parks, 3000u);
    // Trials after 1, 2, 4, ... 1024 sleeps: a thousand looks each.
    EXPECT_LT(kernel.clock_looks.load(), 14 * 1'100 + 3 * 3000);
}

/// 100 waits that a spin catches, in the third of which a millisecond is lost.
shard_stats stats_with_gap(bool displaced) {
    simulated_kernel behind(alone(1));
    watched_kernel kernel(behind);
    stage here(kernel, small(spin_us));
    behind.script({.kind = request_kind::recv, .result = 1, .delay_ns = 5'000, .times = 100});
    kernel.displaced = displaced ? 1 : 0;
    kernel.gap_at_look = 250;
    here.run(receive_times(100));
    return here->stats();
}

TEST(Spin, EndsWhenAnotherThreadWantsTheCpu) {
    EXPECT_GE(stats_with_gap(true).parks, 90u);
}

TEST(Spin, GoesOnAfterAHypervisorTookTheCpu) {
    EXPECT_LE(stats_with_gap(false).parks, 2u);
}

TEST(Spin, ZeroNeverSpins) {
    simulated_kernel behind(alone(1));
    watched_kernel kernel(behind);
    stage here(kernel, small(0));
    behind.script({.kind = request_kind::recv, .result = 1, .delay_ns = 5'000, .times = 100});
    here.run(receive_times(100));
    EXPECT_EQ(here->stats().spins, 0u);
    EXPECT_EQ(here->stats().parks, 100u);
    // Three a wait, and two for each turn that is timed: until its items are known to be short.
    EXPECT_LE(kernel.clock_looks.load(), 3 * 101 + 2 * 30);
}

TEST(Spin, EndsAtADeadline) {
    simulated_kernel kernel(alone(1));
    stage here(kernel, small(spin_us));
    const std::uint64_t start = kernel.now_ns();
    std::uint64_t woke = 0;
    here.run([](shard& own, std::uint64_t& when) -> task<void> {
        EXPECT_TRUE(co_await sleep_for(std::chrono::microseconds(20)));
        when = own.now_ns();
    }(*here, woke));
    EXPECT_GE(woke, start + 20'000);
    EXPECT_LT(woke, start + 30'000);
    EXPECT_EQ(here->stats().parks, 0u);
}

}  // namespace
}  // namespace spargio::shard_test
