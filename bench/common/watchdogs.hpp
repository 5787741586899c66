#pragma once

#include <cstdint>
#include <stdexcept>

#include "bench/common/mixing.hpp"

namespace bench {

// timer_watchdogs_moved_10k: deadlines that are all armed and moved again and again; none
// comes.
inline constexpr std::uint64_t watchdog_count = 10'000;
inline constexpr unsigned batch_moves = 1'000;
inline constexpr std::uint64_t watchdog_hour_ms = 3'600'000;

/// Which deadline is moved next, and where to: one to two hours after the start.
struct watchdog_move {
    std::uint64_t timer;
    std::uint64_t after_ms;
};

/// The moves of one iteration, each of which depends on the one before.
struct watchdog_moves {
    std::uint64_t state = 1;

    constexpr auto next() -> watchdog_move {
        state = mix(state, watchdog_count);
        return {(state >> 32) % watchdog_count, watchdog_hour_ms + (state >> 8) % watchdog_hour_ms};
    }
};

/// Where all deadlines stand in the end, in their order.
struct watchdog_sum {
    std::uint64_t value = 0;
    std::uint64_t count = 0;
    constexpr void add(std::uint64_t after_ms) { value = mix(value ^ after_ms, count++); }
};

/// At the end of a run every deadline is moved to the present: it was armed if it comes.
inline void expect_all_rang(std::uint64_t rang) {
    if (rang != watchdog_count)
        throw std::runtime_error("not every timer was armed");
}

}  // namespace bench
