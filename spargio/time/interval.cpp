#include "spargio/time/interval.hpp"

namespace spargio {

clock::time_point interval::take(clock::time_point now) noexcept {
    const clock::time_point due = next_;
    clock::time_point from = due;
    if (missed_ != missed_ticks::burst && now > detail::later(due, tolerance))
        from = missed_ == missed_ticks::delay ? now : now - (now - due) % period_;
    next_ = detail::later(from, period_);
    return due;
}

}  // namespace spargio
