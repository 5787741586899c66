// Hot tags under load: what was accepted arrives, in its source's order, beside a mailbox that is
// full; what was refused was told to who sent it; and the counts of coalesced tags add up.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "scale.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::stress {
namespace {

constexpr std::uint32_t plain = 1, hot = 2, hits = 3, bytes = 4;
constexpr unsigned target_shard = 2, sources = 3;  // two shards, and a thread

runtime_builder with_hot_tags(unsigned capacity, unsigned spin_us) {
    return runtime_builder()
        .shards(3)
        .mailbox_capacity(capacity)
        .spin_us(spin_us)
        .hot_tags({hot})
        .coalesced_hot_tags({{hits, 100}, {bytes, 1}});
}

// --- the lane ------------------------------------------------------------------------------------

/// What one source was told.
struct told {
    std::uint64_t refused = 0;
    std::uint64_t accepted_plain = 0;
};

std::uint64_t numbered(unsigned source, std::uint64_t number) {
    return std::uint64_t{source} << 56 | number;
}

/// Sends the next few of `count` hot messages, after as many others as there is room for or not.
void send_some(const remote_shard& target, unsigned source, std::uint64_t& sent,
               std::uint64_t count, testing::random_source& random, told& answers) {
    if (random.chance(20)) {
        const bool accepted = target.send_raw_nowait(plain, source).has_value();
        ++(accepted ? answers.accepted_plain : answers.refused);
    }
    std::vector<raw_message> lot;
    const std::uint64_t size = 1 + random.below(random.chance(50) ? 3 : 40);
    for (std::uint64_t i = 0; i != size && sent + i != count; ++i)
        lot.push_back({hot, numbered(source, sent + i)});
    const auto accepted = target.send_many_nowait(lot);
    if (!accepted) {
        EXPECT_EQ(accepted.error(), errc::backpressure);
    }
    sent += accepted.value_or(0);
    answers.refused += lot.size() - accepted.value_or(0);
}

task<told> send_from_shard(std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    told answers;
    for (std::uint64_t sent = 0; sent != count;) {
        const std::uint64_t before = sent;
        send_some(this_shard::remote(target_shard), this_shard::id(), sent, count, random, answers);
        if (sent == before || random.chance(10))
            co_await yield();
    }
    co_return answers;
}

told send_from_thread(const remote_shard& target, std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    told answers;
    for (std::uint64_t sent = 0; sent != count;) {
        const std::uint64_t before = sent;
        send_some(target, sources - 1, sent, count, random, answers);
        if (sent == before)
            std::this_thread::yield();
    }
    return answers;
}

/// \return how many were out of their source's order.
task<std::uint64_t> receive_hot(std::uint64_t count) {
    std::vector<std::uint64_t> next(sources);
    std::vector<message> room(24);
    std::uint64_t wrong = 0;
    for (std::uint64_t received = 0; received < sources * count;) {
        const auto got = co_await this_shard::next_hot_events(room);
        if (!got)
            co_return ~std::uint64_t{0};
        for (const message& each : std::span(room).first(*got)) {
            const auto source = static_cast<unsigned>(each.value >> 56);
            wrong += each.tag != hot || each.value != numbered(source, next[source]++) ? 1 : 0;
        }
        received += *got;
    }
    co_return wrong;
}

struct lane_setting {
    const char* name;
    unsigned capacity;
    unsigned spin_us;
    std::uint64_t messages;
};

class HotLane : public ::testing::TestWithParam<lane_setting> {};

INSTANTIATE_TEST_SUITE_P(Stress, HotLane,
                         ::testing::Values(lane_setting{"two_slots", 2, 0, 5'000},
                                           lane_setting{"sleeping", 64, 0, 100'000},
                                           lane_setting{"spinning", 64, 20, 100'000}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(HotLane, WhatWasAcceptedArrivesInOrderAndTheRestWasTold) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    const std::uint64_t each = times(GetParam().messages);
    runtime own = detail::build_or_throw(with_hot_tags(GetParam().capacity, GetParam().spin_us));
    auto receiving =
        value_or_throw(own.handle().spawn(placement::pinned(target_shard), receive_hot(each)));
    std::vector<join_handle<told>> sending;
    for (unsigned source = 0; source != sources - 1; ++source) {
        sending.push_back(value_or_throw(
            own.handle().spawn(placement::pinned(source), send_from_shard(each, seed + source))));
    }
    const told outside = send_from_thread(*own.handle().remote(target_shard), each, seed + sources);
    EXPECT_EQ(receiving.wait(), 0u);
    for (unsigned source = 0; source != sources - 1; ++source) {
        const told answers = sending[source].wait();
        EXPECT_GT(answers.refused, 0u) << "the mailbox of the others was never full";
        EXPECT_EQ(own.handle().stats(source).messages_backpressured, answers.refused);
        EXPECT_EQ(own.handle().stats(source).messages_submitted, each + answers.accepted_plain);
    }
    EXPECT_EQ(own.handle().stats(target_shard).messages_backpressured, outside.refused);
}

// --- counts --------------------------------------------------------------------------------------

/// A sum of more than 64 bits.
struct wide_sum {
    std::uint64_t low = 0, high = 0;

    void add(std::uint64_t value) {
        low += value;
        high += low < value ? 1 : 0;
    }
    void add(const wide_sum& other) {
        add(other.low);
        high += other.high;
    }
    friend bool operator==(const wide_sum&, const wide_sum&) = default;
};

/// Values of which a few fill a count, so that many an addition is refused.
wide_sum add_from_thread(const remote_shard& target, std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    wide_sum sum;
    for (std::uint64_t i = 0; i != count; ++i) {
        const std::uint64_t value = std::numeric_limits<std::uint64_t>::max() >> random.below(64);
        if (target.send_raw_nowait(bytes, value))
            sum.add(value);
    }
    return sum;
}

task<wide_sum> add_from_shard(std::uint64_t count, std::uint64_t seed) {
    wide_sum sum;
    for (std::uint64_t done = 0; done != count;) {
        const std::uint64_t some = std::min<std::uint64_t>(count - done, 32);
        sum.add(add_from_thread(this_shard::remote(target_shard), some, seed + done));
        done += some;
        co_await yield();
    }
    co_return sum;
}

/// Takes one way and another until it is stopped, and then what is left.
task<wide_sum> take_all() {
    wide_sum sum;
    for (std::uint64_t lap = 0;; ++lap) {
        const auto waited = co_await this_shard::next_hot_count(bytes);
        if (!waited)
            break;
        sum.add(*waited);
        if (lap % 3 == 0)
            sum.add(*this_shard::try_take_hot_count(bytes));
    }
    for (;;) {
        const std::uint64_t left = *this_shard::try_take_hot_count(bytes);
        if (left == 0)
            co_return sum;
        sum.add(left);
    }
}

TEST(HotCountStress, SumsOfHugeValuesAreExact) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    const std::uint64_t each = times(300'000);
    runtime own = detail::build_or_throw(with_hot_tags(64, 0));
    auto taking = value_or_throw(own.handle().spawn(placement::pinned(target_shard), take_all()));
    std::vector<join_handle<wide_sum>> adding;
    for (unsigned source = 0; source != 2; ++source) {
        adding.push_back(value_or_throw(
            own.handle().spawn(placement::pinned(source), add_from_shard(each, seed + source))));
    }
    wide_sum outside[2];
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread != 2; ++thread) {
            threads.emplace_back([&, thread, target = *own.handle().remote(target_shard)] {
                outside[thread] = add_from_thread(target, each, seed + 2 + thread);
            });
        }
    }
    wide_sum added;
    for (auto& each_source : adding)
        added.add(each_source.wait());
    for (const wide_sum& one : outside)
        added.add(one);
    taking.request_stop();
    EXPECT_EQ(taking.wait(), added);
    EXPECT_GT(added.high, 0u) << "nothing ever came near to an overflow";
}

/// Bells refused and delayed, entries that take a part: no addition sleeps for ever.
TEST(HotCountStress, OnAKernelThatRefusesAndDelays) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    const auto add = [](std::uint64_t count) -> task<void> {
        for (std::uint64_t i = 0; i != count; ++i) {
            EXPECT_TRUE(this_shard::remote(target_shard).send_raw_nowait(hits, 1));
            if (i % 5 == 0)
                co_await yield();
        }
    };
    const auto take = [](std::uint64_t count) -> task<void> {
        for (std::uint64_t sum = 0; sum < count;)
            sum += *co_await this_shard::next_hot_count(hits);
    };
    for (std::uint64_t round = 0; round != times(10); ++round) {
        testing::simulated_kernel kernel({.seed = seed + round, .noise_percent = 30});
        runtime own = *with_hot_tags(16, 0).build_on(kernel);
        const std::uint64_t each = 1'000;
        auto taking =
            value_or_throw(own.handle().spawn(placement::pinned(target_shard), take(3 * each)));
        std::vector<join_handle<void>> adding;
        for (unsigned source = 0; source != 2; ++source)
            adding.push_back(
                value_or_throw(own.handle().spawn(placement::pinned(source), add(each))));
        for (std::uint64_t i = 0; i != each; ++i)
            EXPECT_TRUE(own.handle().remote(target_shard)->send_raw_nowait(hits, 1));
        taking.wait();
        for (auto& one : adding)
            one.wait();
    }
}

}  // namespace
}  // namespace spargio::stress
