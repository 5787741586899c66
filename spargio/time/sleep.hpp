#pragma once

#include <memory>
#include <utility>

#include "spargio/core/time_span.hpp"
#include "spargio/shard/reset_wait.hpp"
#include "spargio/shard/sleep_awaiter.hpp"
#include "spargio/time/clock.hpp"
#include "spargio/time/point_in_time.hpp"

namespace spargio {

/// Yields after `wait` at the earliest; at once, after a turn of the others, when it is not
/// positive. No system call and no allocation a sleep. Resolution: the shard's next turn after the
/// deadline. Error: std::errc::operation_canceled; then it yields right away.
[[nodiscard]] inline detail::sleep_awaiter sleep_for(time_span wait) noexcept {
    return detail::sleep_awaiter(detail::sleep_awaiter::after{detail::positive_ns(wait)});
}

/// Yields at `when` at the earliest; otherwise like sleep_for().
[[nodiscard]] inline detail::sleep_awaiter sleep_until(point_in_time<clock> when) noexcept {
    return detail::sleep_awaiter(detail::sleep_awaiter::at{detail::ns_of(when)});
}

/// A deadline that can be moved, also while somebody sleeps until it, and awaited again and again:
/// a watchdog that each sign of life resets.
///
/// Moving it away is two memory accesses: who sleeps is not woken, and goes on sleeping. Moving it
/// nearer moves it up in the timers of the shard that sleeps. A sleep that nobody awaits costs that
/// shard nothing. Where <unistd.h> is included it is spargio::sleep in full.
/// Thread: one task at a time awaits, on any shard; reset(), deadline() and is_elapsed(): any.
/// Destroyed and moved while nobody awaits and nobody calls; while a reset() is under way, the
/// runtime in which somebody sleeps does not end. Memory: one recycled block of 128 bytes, and
/// while it is awaited 16 bytes more.
class sleep {
public:
    /// Ends after `wait` from now.
    explicit sleep(time_span wait) : sleep(detail::later(now(), wait)) {}
    explicit sleep(point_in_time<clock> when)
        : state_(new detail::reset_state(detail::ns_of(when))) {}
    sleep(sleep&&) noexcept = default;
    sleep& operator=(sleep&&) noexcept = default;

    [[nodiscard]] clock::time_point deadline() const noexcept {
        return detail::time_of(state_->deadline_ns());
    }
    [[nodiscard]] bool is_elapsed() const noexcept { return deadline() <= now(); }

    /// Sets another deadline. Whoever sleeps wakes at the new one, unless it is on its way already.
    void reset(point_in_time<clock> when) noexcept { state_->reset(detail::ns_of(when)); }
    /// The same, so long from now.
    void reset(time_span wait) noexcept { reset(detail::later(now(), wait)); }

    /// Yields at the deadline at the earliest; when it has passed, after a turn of the others.
    /// Error: std::errc::operation_canceled; then it yields right away. The deadline stays as it
    /// is, whatever the answer, and can be awaited again. \pre it outlives the await
    [[nodiscard]] auto operator co_await() noexcept { return detail::reset_wait(*state_); }

private:
    struct let_go {
        void operator()(detail::reset_state* state) const noexcept { state->let_go(); }
    };
    std::unique_ptr<detail::reset_state, let_go> state_;
};

}  // namespace spargio
