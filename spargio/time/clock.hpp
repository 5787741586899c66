#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace spargio {

/// The runtime's clock: CLOCK_MONOTONIC, which std::chrono::steady_clock reads too. It stands still
/// while the machine is suspended; boot_clock goes on.
using clock = std::chrono::steady_clock;

/// The time by the clock of the shard the calling code runs on, which under a simulated kernel is a
/// virtual one; elsewhere clock::now().
[[nodiscard]] clock::time_point now() noexcept;

namespace detail {

/// Nanoseconds that are not negative.
[[nodiscard]] constexpr std::uint64_t positive_ns(std::chrono::nanoseconds amount) noexcept {
    return static_cast<std::uint64_t>(std::max(amount, std::chrono::nanoseconds(0)).count());
}

/// What a shard counts as nanoseconds, and back; times before the clock began count as its begin.
[[nodiscard]] constexpr std::uint64_t ns_of(clock::time_point when) noexcept {
    return positive_ns(when.time_since_epoch());
}
[[nodiscard]] constexpr clock::time_point time_of(std::uint64_t ns) noexcept {
    constexpr auto last = static_cast<std::uint64_t>(clock::duration::max().count());
    return clock::time_point(std::chrono::nanoseconds(std::min(ns, last)));
}

/// `wait` after `when`, or the end of time.
[[nodiscard]] constexpr clock::time_point later(clock::time_point when,
                                                std::chrono::nanoseconds wait) noexcept {
    return wait > clock::time_point::max() - std::max(when, clock::time_point())
               ? clock::time_point::max()
               : when + wait;
}

}  // namespace detail
}  // namespace spargio
