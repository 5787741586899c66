#pragma once

#include <chrono>

#include "spargio/shard/sleep_awaiter.hpp"
#include "spargio/time/clock.hpp"

namespace spargio {

/// Yields after `wait` at the earliest; at once, after a turn of the others, when it is not
/// positive. No system call and no allocation a sleep. Resolution: the shard's next turn after the
/// deadline. Error: std::errc::operation_canceled; then it yields right away.
[[nodiscard]] inline detail::sleep_awaiter sleep_for(std::chrono::nanoseconds wait) noexcept {
    return detail::sleep_awaiter(detail::sleep_awaiter::after{detail::positive_ns(wait)});
}

/// Yields at `when` at the earliest; otherwise like sleep_for().
[[nodiscard]] inline detail::sleep_awaiter sleep_until(clock::time_point when) noexcept {
    return detail::sleep_awaiter(
        detail::sleep_awaiter::at{detail::positive_ns(when.time_since_epoch())});
}

}  // namespace spargio
