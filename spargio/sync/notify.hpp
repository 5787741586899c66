#pragma once

#include "spargio/sync/line_operation.hpp"
#include "spargio/sync/plain_operation.hpp"

namespace spargio {

namespace detail {
class notify_line {
public:
    void one() noexcept;
    void all() noexcept;
    [[nodiscard]] bool take_permit() noexcept;
    void line_up(line_node& node, line_wait& wait) noexcept;
    void leave(line_node& node) noexcept;

private:
    void serve(called_waits& called) noexcept;

    // Open as long as the permit is there, so that waiters look before they take the lock.
    wait_line line_;
    bool permit_ = false;  // under the line's lock
};

class notify_operation : public plain_operation {
public:
    explicit notify_operation(notify_line& line) noexcept : line_(&line) {}

    bool take() noexcept { return line_->take_permit(); }
    void line_up(line_wait& wait) noexcept { line_->line_up(node_, wait); }
    bool leave() noexcept {
        line_->leave(node_);
        return false;
    }

private:
    notify_line* line_;
};
}  // namespace detail

/// Tells tasks that something may have changed; what, is theirs to look at.
///
/// notify_one() reaches one who waits, the first in line, or the next who comes: one notification
/// is kept, not more. notify_all() reaches those who wait now, and is not kept. A wait that is
/// cancelled after it was reached by notify_one() passes the notification on.
///
///     while (!queue.has_work())
///         if (auto told = co_await changed.wait(); !told) ...
///
/// Thread: any; wait() on a shard. It outlives every wait. No allocation.
class notify {
public:
    void notify_one() noexcept { line_.one(); }
    void notify_all() noexcept { line_.all(); }
    /// Yields when notified. Error: std::errc::operation_canceled; then no notification was used.
    [[nodiscard]] auto wait() noexcept {
        return detail::line_operation(detail::notify_operation(line_));
    }

private:
    detail::notify_line line_;
};

}  // namespace spargio
