// Messages through completion queues under load: each arrives once, and those that went that way in
// the order in which they were sent.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "scale.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/testing/simulated_kernel.hpp"

namespace spargio::stress {
namespace {

constexpr std::uint32_t plain = 1, hot = 2, done = 3;

struct direct_setting {
    const char* name;
    std::uint32_t tag;
    unsigned spin_us;
};

runtime_builder two_shards(unsigned spin_us) {
    return runtime_builder().shards(2).spin_us(spin_us).hot_tags({hot});
}

task<std::size_t> next(std::uint32_t tag, std::span<message> room) {
    if (tag == hot)
        co_return *co_await this_shard::next_hot_events(room);
    co_return *co_await this_shard::next_events(room);
}

// --- order ---------------------------------------------------------------------------------------

/// Few enough at a time that all of them go directly: the next lot when this one has arrived.
task<std::uint64_t> send_lots(std::uint32_t tag, std::uint64_t count, std::uint64_t seed) {
    testing::random_source random(seed);
    const remote_shard target = this_shard::remote(1);
    std::uint64_t wrong = 0;
    for (std::uint64_t sent = 0; sent != count;) {
        std::vector<raw_message> lot;
        const std::uint64_t size = 1 + random.below(16);
        for (std::uint64_t i = 0; i != size && sent + i != count; ++i)
            lot.push_back({tag, sent + i});
        wrong += target.send_many_raw_direct_nowait(lot) != lot.size() ? 1 : 0;
        sent += lot.size();
        const auto answer = co_await this_shard::next_event();
        wrong += !answer || answer->tag != done || answer->value != sent ? 1 : 0;
    }
    co_return wrong;
}

task<std::uint64_t> answer_lots(std::uint32_t tag, std::uint64_t count, std::uint64_t seed) {
    // The same lots as the sender's.
    testing::random_source random(seed);
    std::vector<message> room(16);
    std::uint64_t wrong = 0;
    for (std::uint64_t received = 0; received < count;) {
        const std::uint64_t end = std::min(count, received + 1 + random.below(16));
        while (received != end) {
            const std::size_t got = co_await next(tag, std::span(room).first(end - received));
            for (const message& each : std::span(room).first(got))
                wrong += each.tag != tag || each.source != 0 || each.value != received++ ? 1 : 0;
        }
        wrong += this_shard::remote(0).send_raw_direct_nowait(done, end) ? 0 : 1;
    }
    co_return wrong;
}

class DirectOrder : public ::testing::TestWithParam<direct_setting> {};

INSTANTIATE_TEST_SUITE_P(Stress, DirectOrder,
                         ::testing::Values(direct_setting{"sleeping", plain, 0},
                                           direct_setting{"spinning", plain, 20},
                                           direct_setting{"hot", hot, 0}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(DirectOrder, IsKeptAmongThoseThatGoDirectly) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    const std::uint64_t count = times(100'000);
    runtime own = detail::build_or_throw(two_shards(GetParam().spin_us));
    auto answering = value_or_throw(
        own.handle().spawn(placement::pinned(1), answer_lots(GetParam().tag, count, seed)));
    auto sending = value_or_throw(
        own.handle().spawn(placement::pinned(0), send_lots(GetParam().tag, count, seed)));
    EXPECT_EQ(sending.wait(), 0u);
    EXPECT_EQ(answering.wait(), 0u);
    EXPECT_EQ(own.handle().stats(0).messages_failed, 0u);
}

// --- volume --------------------------------------------------------------------------------------

/// Lots of up to `longest`, directly or not; a turn for each where they are short.
task<void> flood(std::uint32_t tag, std::uint64_t count, std::uint64_t longest,
                 std::uint64_t seed) {
    testing::random_source random(seed);
    const remote_shard target = this_shard::remote(1 - this_shard::id());
    for (std::uint64_t sent = 0; sent != count;) {
        std::vector<raw_message> lot;
        const std::uint64_t size = 1 + random.below(longest);
        for (std::uint64_t i = 0; i != size && sent + i != count; ++i)
            lot.push_back({tag, sent + i});
        const auto accepted = target.send_many_raw_direct_nowait(lot).value_or(0);
        sent += accepted;
        if (accepted != lot.size() || longest < 10)
            co_await yield();
    }
}

/// \return how many did not come once.
task<std::uint64_t> receive_each_once(std::uint32_t tag, std::uint64_t count) {
    std::vector<bool> seen(count);
    std::vector<message> room(50);
    std::uint64_t wrong = 0;
    for (std::uint64_t received = 0; received < count;) {
        const std::size_t got = co_await next(tag, room);
        for (const message& each : std::span(room).first(got)) {
            const bool fits = each.value < count && !seen[each.value];
            wrong += fits ? 0 : 1;
            if (fits)
                seen[each.value] = true;
        }
        received += got;
    }
    co_return wrong;
}

void flood_both_ways(runtime& own, std::uint32_t tag, std::uint64_t count, std::uint64_t longest,
                     std::uint64_t seed) {
    std::vector<join_handle<std::uint64_t>> receiving;
    std::vector<join_handle<void>> sending;
    for (unsigned shard = 0; shard != 2; ++shard) {
        const auto where = placement::pinned(shard);
        receiving.push_back(
            value_or_throw(own.handle().spawn(where, receive_each_once(tag, count))));
        sending.push_back(
            value_or_throw(own.handle().spawn(where, flood(tag, count, longest, seed))));
    }
    for (auto& each : receiving)
        EXPECT_EQ(each.wait(), 0u);
    for (auto& each : sending)
        each.wait();
}

TEST_P(DirectOrder, MoreThanFitAllArriveOnce) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    runtime own = detail::build_or_throw(
        two_shards(GetParam().spin_us).ring_entries(16).cq_entries(16).mailbox_capacity(128));
    flood_both_ways(own, GetParam().tag, times(20'000), 100, seed);
}

/// Now and then the kernel posts none of the next few.
task<void> refuse_some(testing::simulated_kernel& kernel, std::uint64_t seed) {
    testing::random_source random(seed);
    for (int time = 0; time != 30; ++time) {
        kernel.script({.kind = testing::request_kind::message,
                       .result = random.chance(50) ? -EOVERFLOW : -ENOMEM,
                       .times = static_cast<unsigned>(1 + random.below(4))});
        for (std::uint64_t turns = random.below(6); turns != 0; --turns)
            co_await yield();
    }
}

TEST(DirectFaults, OnAKernelThatRefusesAndDelays) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    std::uint64_t refused = 0;
    // One round in a hundred meets no refusal.
    const std::uint64_t rounds = std::max<std::uint64_t>(times(10), 10);
    for (std::uint64_t round = 0; round != rounds; ++round) {
        testing::simulated_kernel kernel({.seed = seed + round, .noise_percent = 30});
        runtime own = *two_shards(0).mailbox_capacity(256).build_on(kernel);
        auto mischief = value_or_throw(
            own.handle().spawn(placement::pinned(0), refuse_some(kernel, seed + round)));
        flood_both_ways(own, round % 2 == 0 ? plain : hot, 400, 9, seed + round);
        mischief.wait();
        refused += own.handle().stats(0).messages_failed + own.handle().stats(1).messages_failed;
    }
    if (!features_disabled_by_environment().has(feature::message_ring)) {
        EXPECT_GT(refused, 0u);
    }
}

}  // namespace
}  // namespace spargio::stress
