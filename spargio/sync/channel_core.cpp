#include "spargio/sync/channel_core.hpp"

#include <mutex>

#include "spargio/core/pause.hpp"
#include "spargio/core/transfer.hpp"

namespace spargio::detail {

std::uint64_t channel_core::size() const noexcept {
    // This order: the receivers are never ahead of the senders.
    const std::uint64_t received = receivers_.word_.load(std::memory_order_acquire) / one;
    const std::uint64_t sent = senders_.word_.load(std::memory_order_acquire) / one;
    return sent - received;
}

std::uint64_t channel_core::for_end(const end& asked, std::uint64_t word) const noexcept {
    const std::uint64_t here = word / one;
    const std::uint64_t there = asked.opposite_.word_.load(std::memory_order_acquire) / one;
    if (&asked == &receivers_)
        return there - here;
    // Behind `word`, senders and then receivers may have gone on.
    const std::uint64_t items = here > there ? here - there : 0;
    return capacity_ - items;
}

std::uint64_t channel_core::stand_back(const end& here, std::uint64_t position) noexcept {
    constexpr int pauses_to_tell = 16;  // a third of a microsecond
    constexpr std::uint64_t claims_of_a_run = 4;
    constexpr int pauses_for_a_run = 64;
    pause_for(pauses_to_tell);
    const std::uint64_t seen = here.word_.load(std::memory_order_relaxed);
    if (seen / one - position < claims_of_a_run)
        return seen;
    // Not in steps: each look takes the line away from who makes the run.
    pause_for(pauses_for_a_run);
    return here.word_.load(std::memory_order_relaxed);
}

void channel_core::close() noexcept {
    senders_.word_.fetch_or(is_closed, std::memory_order_acq_rel);
    senders_.serve();
    receivers_.serve();
}

bool channel_core::end::look_out() noexcept {
    constexpr int looks = 2;
    constexpr int pauses_before_a_look = 60;
    // So a task whose every item is waited for like this leaves its shard to others after a few.
    constexpr int transfers_a_time = 16;
    if (!shard::current()->may_spin() ||
        (word_.load(std::memory_order_relaxed) & somebody_stands) != 0 || !lookout_.worth_it())
        return false;
    spend_transfers(transfers_a_time);
    for (int look = 0; look != looks; ++look) {
        pause_for(pauses_before_a_look);
        const std::uint64_t seen = word_.load(std::memory_order_relaxed);
        if ((seen & somebody_stands) != 0)
            break;
        if (owner_.for_end(*this, seen) > called_of(seen) || owner_.closed()) {
            lookout_.paid();
            return true;
        }
    }
    lookout_.in_vain();
    return false;
}

void channel_core::end::line_up(line_node& node, line_wait& wait) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.push(node, wait);
    // First the flags, then the look: who adds an item later sees them, and calls.
    word_.fetch_or(somebody_stands, std::memory_order_acq_rel);
    opposite_.word_.fetch_or(other_waits, std::memory_order_acq_rel);
    call(called);
}

void channel_core::end::leave(line_node& node) noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    line_.remove(node);
    if (node.promised) {
        node.promised = false;
        word_.fetch_sub(one_called, std::memory_order_acq_rel);
    }
    call(called);
}

void channel_core::end::serve() noexcept {
    called_waits called;
    const std::lock_guard guard(line_);
    call(called);
}

void channel_core::end::call(called_waits& called) noexcept {
    while (!line_.empty()) {
        // Nobody but those who were called passes here meanwhile.
        const std::uint64_t seen = word_.load(std::memory_order_acquire);
        const std::uint64_t promised = called_of(seen);
        if (promised == most_called ||
            (!owner_.closed() && owner_.for_end(*this, seen) <= promised))
            return;
        // First the count: at the end of the line others pass again, by what it says.
        word_.fetch_add(one_called, std::memory_order_acq_rel);
        if (!called.call_first(line_))
            word_.fetch_sub(one_called, std::memory_order_acq_rel);
    }
    if ((opposite_.word_.load(std::memory_order_relaxed) & other_waits) != 0)
        opposite_.word_.fetch_and(~other_waits, std::memory_order_acq_rel);
    if ((word_.load(std::memory_order_relaxed) & somebody_stands) != 0)
        word_.fetch_and(~somebody_stands, std::memory_order_acq_rel);
}

}  // namespace spargio::detail
