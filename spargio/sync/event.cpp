#include "spargio/sync/event.hpp"

#include <mutex>

namespace spargio::detail {

flag_line::flag_line(bool is_set) noexcept : set_(is_set) {
    if (is_set)
        set();
}

void flag_line::set() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    set_ = true;
    line_.leave_open(true);
    called.call_all(line_);
}

void flag_line::reset() noexcept {
    const std::lock_guard guard(line_);
    set_ = false;
    line_.leave_open(false);
}

void flag_line::line_up(line_node& node, line_wait& wait) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    if (set_)
        called.call(line_, node);
}

void flag_line::leave(line_node& node) noexcept {
    const std::lock_guard guard(line_);
    line_.remove(node);
    node.promised = false;
}

}  // namespace spargio::detail
