#pragma once

#include <chrono>
#include <cstdint>

#include "spargio/core/result.hpp"
#include "spargio/core/time_span.hpp"
#include "spargio/shard/sleep_awaiter.hpp"
#include "spargio/time/clock.hpp"
#include "spargio/time/point_in_time.hpp"

namespace spargio {

/// What an interval does about ticks that were due while nobody took them. A period of 10 that is
/// asked for its second tick at 25 ticks there and then, and next at
enum class missed_ticks : std::uint8_t {
    burst,  ///< 20, at once, 30, 40: as often as if none had been missed, the late ones at once
    delay,  ///< 35, 45: one period after the late one, and so on from there
    skip,   ///< 30, 40: at the next multiple of the period; those in between are left out
};

namespace detail {
class tick_awaiter;
}

/// Ticks at a time and then once a period.
///
/// Thread: one task at a time, on any shard. Memory: none beside itself.
class interval {
public:
    /// A tick that is taken no later than this is not late: the one after it is due one period
    /// after it was due, whatever is to happen to missed ones.
    static constexpr std::chrono::milliseconds tolerance{5};

    /// The first tick is at once. \pre `period` is positive
    explicit interval(time_span period) noexcept : interval(now(), period) {}
    /// The first tick is at `start`. \pre `period` is positive
    interval(point_in_time<clock> start, time_span period) noexcept
        : next_(start), period_(period) {
        SPARGIO_ASSERT(period_ > std::chrono::nanoseconds(0));
    }

    /// Yields the time at which the tick was due, once that has come; a late one at once, after a
    /// turn of the others. Error: std::errc::operation_canceled; then no tick was taken.
    /// \pre it outlives the await
    [[nodiscard]] detail::tick_awaiter tick() noexcept;

    [[nodiscard]] std::chrono::nanoseconds period() const noexcept { return period_; }
    [[nodiscard]] missed_ticks on_missed_ticks() const noexcept { return missed_; }
    /// missed_ticks::burst, unless it is set.
    void on_missed_ticks(missed_ticks what) noexcept { missed_ = what; }

    /// The next tick is one period from now.
    void reset() noexcept { next_ = detail::later(now(), period_); }
    /// The next tick is at `when`.
    void reset_at(point_in_time<clock> when) noexcept { next_ = when; }

private:
    friend class detail::tick_awaiter;

    /// Takes the tick that is due. \return when it was due
    clock::time_point take(clock::time_point now) noexcept;

    clock::time_point next_;
    std::chrono::nanoseconds period_;
    missed_ticks missed_ = missed_ticks::burst;
};

/// An interval whose first tick is at `start`. \pre `period` is positive
[[nodiscard]] inline interval interval_at(point_in_time<clock> start, time_span period) noexcept {
    return {start, period};
}

namespace detail {
/// Waits for an interval's next tick.
class [[nodiscard]] tick_awaiter {
public:
    explicit tick_awaiter(interval& ticking) noexcept
        : ticking_(ticking), wait_(sleep_awaiter::at{ns_of(ticking.next_)}) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return wait_.await_suspend(waiter);
    }
    [[nodiscard]] result<clock::time_point> await_resume() noexcept {
        if (const auto waited = wait_.await_resume(); !waited)
            return failure(waited.error());
        return ticking_.take(now());
    }

private:
    interval& ticking_;
    sleep_awaiter wait_;
};
}  // namespace detail

inline detail::tick_awaiter interval::tick() noexcept {
    return detail::tick_awaiter(*this);
}

}  // namespace spargio
