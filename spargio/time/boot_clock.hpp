#pragma once

#include <chrono>
#include <utility>

#include "spargio/ring/ops/boot_timeout.hpp"
#include "spargio/shard/io_wait.hpp"
#include "spargio/time/clock.hpp"
#include "spargio/time/point_in_time.hpp"

namespace spargio {

/// CLOCK_BOOTTIME: like clock, but it goes on while the machine is suspended. For what the rest of
/// the world counts meanwhile: leases, certificates, appointments.
struct boot_clock {
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<boot_clock>;
    static constexpr bool is_steady = true;

    /// The machine's own, under a simulated kernel too. Source: clock_gettime(2).
    [[nodiscard]] static time_point now() noexcept;
};

namespace detail {
/// A timeout that passed is what was asked for.
struct decode_passed {
    result<void> operator()(int outcome) const noexcept;
};
}  // namespace detail

/// Yields at `when` at the earliest, and soon after the machine resumes if that was slept through.
/// Unlike sleeps on `clock` each is a request in the ring, which goes out with the shard's turn and
/// counts as an operation in flight: right for hundreds, not for hundred thousands.
/// Error: std::errc::operation_canceled; then it yields right away.
/// Once it is under way, the clock of another time namespace (setns(2)) changes nothing about it.
/// Source: IORING_OP_TIMEOUT, IORING_TIMEOUT_BOOTTIME.
[[nodiscard]] inline auto sleep_until(point_in_time<boot_clock> when) noexcept {
    const boot_clock::time_point until = when;
    return detail::await_operation<boot_timeout_operation>(
        detail::decode_passed(), nullptr, detail::positive_ns(until.time_since_epoch()));
}

}  // namespace spargio
