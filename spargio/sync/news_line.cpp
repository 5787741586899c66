#include "spargio/sync/news_line.hpp"

#include <mutex>

namespace spargio::detail {

void news_line::publish(called_waits& called) noexcept {
    const std::lock_guard guard(line_);
    published_.store(published() + 1, std::memory_order_release);
    called.call_all(line_);
}

void news_line::close() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    closed_.store(true, std::memory_order_release);
    called.call_all(line_);
}

void news_line::line_up(line_node& node, line_wait& wait, std::uint64_t seen) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    // What was published before this lock was taken called nobody who comes now.
    if (news_for(seen))
        called.call(line_, node);
}

void news_line::leave(line_node& node) noexcept {
    const std::lock_guard guard(line_);
    line_.remove(node);
    node.promised = false;
}

}  // namespace spargio::detail
