#include "spargio/sync/channel_core.hpp"

#include <mutex>

namespace spargio::detail {

std::uint64_t channel_core::size() const noexcept {
    // This order: the receivers are never ahead of the senders.
    const std::uint64_t received = receivers_.word_.load(std::memory_order_acquire) / one;
    const std::uint64_t sent = senders_.word_.load(std::memory_order_acquire) / one;
    return sent - received;
}

/// Items for a receiver, room for a sender; less than there is only where whoever adds to it comes
/// by afterwards.
std::uint64_t channel_core::for_end(const end& asked) const noexcept {
    const std::uint64_t items = size();
    if (&asked == &receivers_)
        return items;
    return items < capacity_ ? capacity_ - items : 0;
}

void channel_core::close() noexcept {
    senders_.word_.fetch_or(is_closed, std::memory_order_acq_rel);
    senders_.serve();
    receivers_.serve();
}

void channel_core::end::line_up(line_node& node, line_wait& wait) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    // First the flags, then the look: who adds an item later sees them, and calls.
    word_.fetch_or(has_line, std::memory_order_acq_rel);
    opposite_.word_.fetch_or(other_waits, std::memory_order_acq_rel);
    call(called);
}

void channel_core::end::leave(line_node& node) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.remove(node);
    if (node.promised) {
        node.promised = false;
        --called_;
    }
    call(called);
}

void channel_core::end::serve() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    call(called);
}

void channel_core::end::call(called_waits& called) noexcept {
    while (!line_.empty() && (owner_.closed() || owner_.for_end(*this) > called_)) {
        if (called.call_first(line_))
            ++called_;
    }
    if (!line_.empty())
        return;
    if ((opposite_.word_.load(std::memory_order_relaxed) & other_waits) != 0)
        opposite_.word_.fetch_and(~other_waits, std::memory_order_acq_rel);
    if (called_ == 0 && (word_.load(std::memory_order_relaxed) & has_line) != 0)
        word_.fetch_and(~has_line, std::memory_order_acq_rel);
}

}  // namespace spargio::detail
