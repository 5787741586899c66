#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <iterator>

#include "spargio/runtime/run.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/testing/fault_sweep.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/time/sleep.hpp"
#include "trap_steps.hpp"

namespace spargio::trap_test {

/// A runtime in which what is received soon meets a lack of buffers.
inline runtime_builder few_buffers(feature_set without = {}) {
    auto builder = runtime_builder().shards(1).ring_entries(16).cq_entries(16).spin_us(0);
    builder.receive_buffers({.count = 8, .size = 256});
    // Both ways of posting completions; alone, a shard uses incremental buffers in both.
    builder.deferred_taskrun(!without.has(feature::incremental_buffers));
    for (unsigned each = 0; each < feature_count; ++each) {
        if (without.has(static_cast<feature>(each)))
            builder.disable(static_cast<feature>(each));
    }
    return builder;
}

inline task<void> expect_all_home() {
    const buffer_pool* pool = shard::current()->buffers_in_use();
    // What is being cancelled takes its time, which passes in sleeps alone.
    for (int turns = 0; pool != nullptr && pool->ledger().leased != 0 && turns < 1000; ++turns)
        value_or_throw(co_await sleep_for(std::chrono::microseconds(50)));
    if (pool != nullptr) {
        EXPECT_EQ(pool->ledger().leased, 0u);
        EXPECT_EQ(pool->ledger().free + pool->ledger().with_kernel, pool->ledger().total);
    }
}

/// Each way of receiving, with the features it needs switched off one after the other.
inline const feature_set ways[] = {
    {},
    {feature::bundled_receive},
    {feature::incremental_buffers},
    {feature::bundled_receive, feature::incremental_buffers},
    {feature::multishot_receive},
    {feature::provided_buffers},
};

/// Runs `scenario(kernel)`, which leaves nothing behind.
template <class Scenario>
void run_on(const testing::simulated_options& options, feature_set without, Scenario scenario) {
    testing::simulated_kernel kernel(options);
    const std::size_t before = kernel.open_descriptors();
    {
        auto built = few_buffers(without).build_on(kernel);
        ASSERT_TRUE(built) << built.error().message;
        built->block_on([&] { return scenario(kernel); });
    }
    EXPECT_EQ(kernel.foreign_entries(), 0u);
    EXPECT_EQ(kernel.pending_requests(), 0u);
    EXPECT_EQ(kernel.open_descriptors(), before);
}

/// The same in each way of receiving, with some seeds each.
template <class Scenario>
void run_each_way(testing::simulated_options options, Scenario scenario) {
    for (const feature_set& without : ways) {
        for (std::uint64_t round = 0; round < rounds(4); ++round) {
            options.seed = testing::process_seed() + round;
            run_on(options, without, scenario);
        }
    }
}

/// The same on kernels that lack what each way does without.
template <class Scenario>
void run_where_it_is_missing(Scenario scenario) {
    for (const feature_set& missing : ways)
        run_on({.seed = testing::process_seed(), .missing = missing}, {}, scenario);
}

/// \return how many faults there were, each of which ended `scenario(kernel)` in an answer
template <class Scenario>
std::uint64_t sweep_faults(Scenario scenario) {
    return testing::fault_sweep(
        [&](testing::simulated_kernel& kernel) {
            auto built = few_buffers().build_on(kernel);
            if (!built)
                return;
            built->block_on([&] { return scenario(kernel); });
            EXPECT_TRUE(built->shutdown_blocking().clean()) << kernel.describe();
        },
        {.missing = {feature::register_message}});
}

/// `scenario(kernel, turns)` stops a wait so many turns after something came.
template <class Scenario>
void race_the_arrivals(Scenario scenario) {
    for (std::uint64_t round = 0; round < rounds(60); ++round) {
        testing::simulated_kernel kernel({.seed = testing::process_seed() + round});
        auto built = few_buffers(ways[round % std::size(ways)]).build_on(kernel);
        ASSERT_TRUE(built);
        built->block_on([&] { return scenario(kernel, static_cast<unsigned>(round % 4)); });
        EXPECT_TRUE(built->shutdown_blocking().clean());
        EXPECT_EQ(built->stats(0).operations_in_flight, 0u);
    }
}

}  // namespace spargio::trap_test
