// How a shard is reached from other threads, and woken where it sleeps.

#include <cerrno>

#include "spargio/core/pause.hpp"
#include "spargio/ring/outside_bell.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

void shard::post(detail::work_item& item) noexcept {
    if (shard* const source = current(); source != nullptr && source->knows(*this)) {
        posts_.push(item);
        if (!gate_.is_awake())
            wake_from(*source);
        return;
    }
    // Once it is pushed it may run, and the runtime may end with what it was the last to wait for:
    // close() waits until this is on its way out.
    const visit from_outside(*this);
    posts_.push(item);
    if (gate_.announced() && gate_.must_ring())
        strike_outside_bell();
}

bool shard::try_send(const message& sent) noexcept {
    if (!messages_.push(sent))
        return false;
    wake_if_asleep();
    return true;
}

void shard::request_exit() noexcept {
    exit_mode none = exit_mode::none;
    exit_.compare_exchange_strong(none, exit_mode::when_empty, std::memory_order_seq_cst);
    wake_for_exit();
}

void shard::abandon() noexcept {
    exit_.store(exit_mode::at_once, std::memory_order_seq_cst);
    wake_for_exit();
}

/// Rings even if another was told to: a bell that failed is rung again by the shard that sent it,
/// but that one may have left its loop by now.
void shard::wake_for_exit() noexcept {
    const visit from_outside(*this);
    if (gate_.must_ring() || gate_.still_rung())
        strike_outside_bell();
}

/// A shard of the same runtime, whose loop therefore ends before this one's ring is closed.
void shard::wake_if_asleep() noexcept {
    if (gate_.is_awake())
        return;
    if (shard* const source = current(); source != nullptr && source->knows(*this))
        return wake_from(*source);
    if (!gate_.announced())
        return;
    // It may come while the runtime closes: close() waits for its hand to leave the bell, so that
    // it never strikes a descriptor that means something else by then.
    const visit from_outside(*this);
    if (gate_.must_ring())
        strike_outside_bell();
}

/// By a shard that knows this one, which sleeps or is about to, unless a bell will wake it.
void shard::wake_from(shard& source) noexcept {
    if (!gate_.must_ring()) {
        ++source.counters_.bells_spared;
        return;
    }
    if (source.counters_.bells_sent.get() % bells_per_sample == 0)
        rung_ns_.store(now_ns(), std::memory_order_relaxed);
    if (source.io().send_bell(ring_descriptor_.load(std::memory_order_relaxed), index())) {
        ++source.counters_.bells_sent;
    } else {
        strike_outside_bell();
    }
}

void shard::strike_outside_bell() noexcept {
    if (counters_.bells_from_outside.fetch_add(1, std::memory_order_relaxed) % bells_per_sample ==
        0)
        rung_ns_.store(now_ns(), std::memory_order_relaxed);
    if (const int bell = bell_.load(std::memory_order_acquire); bell >= 0) {
        kernel_.strike_bell(bell);
        return;
    }
    // Out of memory or of room it is tried again, until the sleeper woke up by itself: for a
    // completion queue without room it does.
    const int descriptor = ring_descriptor_.load(std::memory_order_acquire);
    for (detail::backoff between_tries;; between_tries.wait()) {
        const int outcome = ring_bell_from_outside(kernel_, descriptor);
        const bool passes =
            outcome == -ENOMEM || outcome == -EOVERFLOW || outcome == -EAGAIN || outcome == -EINTR;
        if (!passes || !gate_.still_rung())
            return;
    }
}

void shard::retry_bells() noexcept {
    const auto failed = ring_->take_failed_bells();
    for (const auto& peer : peers_) {
        if (failed.test(peer->index()))
            peer->strike_outside_bell();
    }
}

}  // namespace spargio
