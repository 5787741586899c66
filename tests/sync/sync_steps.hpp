#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "../stress/scale.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::sync_test {

/// Runs `entry` on shard 0 of `count`.
template <class Entry>
void on_shards(unsigned count, Entry entry) {
    run_with(runtime_builder().shards(count), std::move(entry));
}

/// Long enough for a task on this shard to have come to its wait.
inline task<void> turns(unsigned count = 10) {
    for (unsigned i = 0; i < count; ++i)
        co_await yield();
}

/// Spawns where it is said, and cannot fail.
template <class Work>
auto start(placement where, Work work) {
    return value_or_throw(this_runtime().spawn(where, std::move(work)));
}

/// Waits until `reached` says so, giving others their turn.
template <class Reached>
task<void> until(Reached reached) {
    while (!reached())
        co_await yield();
}

[[nodiscard]] inline bool cancelled(const std::error_code& code) {
    return code == std::errc::operation_canceled;
}

}  // namespace spargio::sync_test
