#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "bench/common/mixing.hpp"

namespace bench {

// timer_cancel_reschedule_storm: tasks that take turns, `items` each, and run every turn under a
// deadline of its own that never passes.
inline constexpr unsigned storm_tasks = 1024;

/// Between one second and two, another one each time.
constexpr auto storm_deadline(std::uint64_t x) -> std::chrono::microseconds {
    return std::chrono::microseconds(1'000'000 + (x >> 44));
}

inline auto storm_sum(std::span<const std::uint64_t> results) -> std::uint64_t {
    std::uint64_t sum = 0;
    for (std::uint64_t t = 0; t < results.size(); ++t)
        sum = mix(sum ^ results[t], t);
    return sum;
}

}  // namespace bench
