#include "spargio/boundary/stats.hpp"

#include "spargio/boundary/call_line.hpp"
#include "spargio/boundary/line_registry.hpp"

namespace spargio {

namespace boundary {

channel_stats& channel_stats::operator+=(const channel_stats& other) noexcept {
    calls += other.calls;
    answered += other.answered;
    timed_out += other.timed_out;
    cancelled += other.cancelled;
    closed += other.closed;
    unanswered += other.unanswered;
    refused_overloaded += other.refused_overloaded;
    refused_closed += other.refused_closed;
    responses_too_late += other.responses_too_late;
    waiting += other.waiting;
    serving += other.serving;
    return *this;
}

channel_stats stats() {
    return detail::line_registry::instance().stats();
}

}  // namespace boundary

namespace detail {

line_registry& line_registry::instance() {
    static auto& all = *new line_registry;
    return all;
}

void line_registry::add(call_line& fresh) {
    const std::lock_guard held(mutex_);
    lines_.push(fresh);
}

void line_registry::remove(call_line& ending) {
    const std::lock_guard held(mutex_);
    lines_.remove(ending);
    of_the_gone_ += ending.stats();
}

boundary::channel_stats line_registry::stats() {
    const std::lock_guard held(mutex_);
    boundary::channel_stats total = of_the_gone_;
    for (const call_line* line = lines_.first(); line != nullptr; line = line->next)
        total += line->stats();
    return total;
}

}  // namespace detail
}  // namespace spargio
