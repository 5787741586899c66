#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace spargio {

/// The runtime's clock: CLOCK_MONOTONIC, which std::chrono::steady_clock reads too. It stands still
/// while the machine is suspended.
using clock = std::chrono::steady_clock;

namespace detail {

/// Nanoseconds that are not negative.
[[nodiscard]] constexpr std::uint64_t positive_ns(std::chrono::nanoseconds amount) noexcept {
    return static_cast<std::uint64_t>(std::max(amount, std::chrono::nanoseconds(0)).count());
}

}  // namespace detail
}  // namespace spargio
