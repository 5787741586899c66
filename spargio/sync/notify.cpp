#include "spargio/sync/notify.hpp"

#include <mutex>

namespace spargio::detail {

void notify_line::one() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    permit_ = true;
    serve(called);
}

void notify_line::all() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    while (!line_.empty()) {
        line_node& first = line_.front();
        // Nothing to pass on, should it be cancelled: everybody was told.
        if (called.call_first(line_))
            first.needed = 0;
    }
}

bool notify_line::take_permit() noexcept {
    if (!line_.is_open())
        return false;
    const std::lock_guard guard(line_);
    const bool taken = permit_;
    permit_ = false;
    line_.leave_open(false);
    return taken;
}

void notify_line::line_up(line_node& node, line_wait& wait) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    serve(called);
}

void notify_line::leave(line_node& node) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.remove(node);
    if (node.promised && node.needed != 0)
        permit_ = true;
    node.promised = false;
    serve(called);
}

void notify_line::serve(called_waits& called) noexcept {
    while (permit_ && !line_.empty())
        permit_ = !called.call_first(line_);
    line_.leave_open(permit_);
}

}  // namespace spargio::detail
