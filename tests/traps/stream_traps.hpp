#pragma once

#include <gtest/gtest.h>

#include <chrono>

#include "spargio/runtime/run.hpp"
#include "spargio/shard/buffer_pool.hpp"
#include "spargio/shard/shard.hpp"
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

}  // namespace spargio::trap_test
