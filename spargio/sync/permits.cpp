#include "spargio/sync/permits.hpp"

#include <mutex>

namespace spargio::detail {

void permits::line_up(line_node& node, line_wait& wait) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    // From here on whoever gives back comes here; what was there before is seen below.
    word_.fetch_or(has_line, std::memory_order_acquire);
    serve(called);
}

void permits::leave(line_node& node) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    if (node.promised) {
        node.promised = false;
        word_.fetch_add(node.needed * one, std::memory_order_release);
    }
    line_.remove(node);
    serve(called);
}

void permits::give_to_line(std::uint64_t count) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    word_.fetch_add(count * one, std::memory_order_release);
    serve(called);
}

/// Promises what there is to those in line, in their order. The first is not passed by, however
/// much he needs.
void permits::serve(called_waits& called) noexcept {
    while (!line_.empty()) {
        const std::uint64_t needed = line_.front().needed;
        if (word_.load(std::memory_order_relaxed) / one < needed)
            return;
        if (called.call_first(line_))
            word_.fetch_sub(needed * one, std::memory_order_relaxed);
    }
    word_.fetch_and(~has_line, std::memory_order_release);
}

}  // namespace spargio::detail
