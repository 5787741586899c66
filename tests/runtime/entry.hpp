#pragma once

#include <chrono>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/shard/sleep_awaiter.hpp"

namespace spargio::runtime_test {

[[nodiscard]] inline runtime built(const runtime_builder& builder) {
    return detail::build_or_throw(builder);
}
[[nodiscard]] inline runtime with_shards(unsigned count) {
    return built(runtime_builder().shards(count));
}

/// Waits until it is asked to stop; yields whether that is how it ended.
[[nodiscard]] inline task<bool> until_stopped() {
    using detail::sleep_awaiter;
    constexpr std::uint64_t one_hour_ns = 3'600'000'000'000;
    const auto ended = co_await sleep_awaiter(sleep_awaiter::after{one_hour_ns});
    co_return !ended && ended.error() == std::errc::operation_canceled;
}

template <class T>
[[nodiscard]] task<T> value_of(T value) {
    co_return value;
}

[[nodiscard]] inline task<unsigned> where_it_runs() {
    co_return this_shard::id();
}

}  // namespace spargio::runtime_test
