#pragma once

#include <chrono>
#include <concepts>

#include "spargio/core/time_span.hpp"

namespace spargio {

/// When, by `Clock`: any of its points in time that its own time_point can be made of without a
/// loss. What lies further away than nanoseconds can count is at the end of time, or at its begin:
/// a time_point in hours at max() never comes. The conversion of std::chrono would wrap around.
template <class Clock>
class point_in_time {
public:
    using time_point = typename Clock::time_point;

    template <class Duration>
    requires std::convertible_to<std::chrono::time_point<Clock, Duration>, time_point>
    constexpr point_in_time(std::chrono::time_point<Clock, Duration> when) noexcept
        : when_(std::chrono::nanoseconds(time_span(when.time_since_epoch()))) {}

    constexpr operator time_point() const noexcept { return when_; }

private:
    time_point when_;
};

}  // namespace spargio
