#include "spargio/sync/news_line.hpp"

#include <mutex>

namespace spargio::detail {

void news_line::call_everybody() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    called.call_all(line_);
}

void news_line::close() noexcept {
    closed_.store(true, std::memory_order_release);
    call_everybody();
}

void news_line::line_up(line_node& node, line_wait& wait, std::uint64_t seen) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    // Who published before this lock was taken may have called before, and is seen here.
    if (news_for(seen))
        called.call(line_, node);
}

void news_line::leave(line_node& node) noexcept {
    const std::lock_guard guard(line_);
    line_.remove(node);
    node.promised = false;
}

}  // namespace spargio::detail
