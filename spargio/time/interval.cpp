#include "spargio/time/interval.hpp"

namespace spargio {

clock::time_point interval::take(clock::time_point now) noexcept {
    const clock::time_point due = next_;
    clock::time_point from = due;
    if (missed_ != missed_ticks::burst && now > detail::later(due, tolerance)) {
        from = now;
        if (missed_ == missed_ticks::skip) {
            // As what it is without a sign: from the begin of time on it may not fit otherwise.
            const auto late = static_cast<std::uint64_t>(now.time_since_epoch().count()) -
                              static_cast<std::uint64_t>(due.time_since_epoch().count());
            from -= std::chrono::nanoseconds(late % static_cast<std::uint64_t>(period_.count()));
        }
    }
    next_ = detail::later(from, period_);
    return due;
}

}  // namespace spargio
