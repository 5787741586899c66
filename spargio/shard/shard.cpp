#include "spargio/shard/shard.hpp"

#include <algorithm>
#include <cerrno>

#include "spargio/core/pause.hpp"
#include "spargio/core/transfer.hpp"
#include "spargio/ring/outside_bell.hpp"

namespace spargio {

shard::shard(kernel& entry, const shard_options& options)
    : kernel_(entry),
      options_(options),
      spinning_(std::uint64_t{options.spin_us} * 1000),
      messages_(options.mailbox_capacity) {}

shard::~shard() {
    if (exit_.load(std::memory_order_relaxed) == exit_mode::at_once)
        (void)ring_.release();
    SPARGIO_ASSERT(ring_ == nullptr);
}

// Only shards are executors outside of tests of the core.
shard* shard::current() noexcept {
    return static_cast<shard*>(detail::current_executor());
}

result<void> shard::open() {
    auto opened = ring::open(kernel_, options_.ring);
    if (!opened)
        return failure(opened.error());
    ring_ = std::move(*opened);
    features_ = ring_->features();
    if (!features_.has(feature::message_ring) || !features_.has(feature::register_message)) {
        const int bell = kernel_.open_bell();
        if (bell < 0) {
            ring_.reset();
            return failure(-bell);
        }
        bell_.store(bell, std::memory_order_release);
        ring_->listen_to_bell(bell);
    }
    ring_descriptor_.store(ring_->descriptor(), std::memory_order_release);
    open_ring_.store(ring_.get(), std::memory_order_release);
    return {};
}

void shard::close() noexcept {
    if (exit_.load(std::memory_order_relaxed) == exit_mode::at_once)
        return;
    last_numbers_ = numbers_of(*ring_);
    // Visitors come first and look then, this looks for visitors after it took the ring away: one
    // of the two sees the other. Those who strike the bell have the same from the gate.
    open_ring_.store(nullptr, std::memory_order_seq_cst);
    for (detail::backoff between_looks; visitors_.load(std::memory_order_seq_cst) != 0;)
        between_looks.wait();
    SPARGIO_ASSERT(ready_.empty() && timers_.empty() && first_waiting_ == nullptr);
    ring_.reset();
    if (const int bell = bell_.exchange(-1); bell >= 0)
        kernel_.close_bell(bell);
}

// --- the loop ------------------------------------------------------------------------------------

void shard::run() {
    detail::executor_scope scope(this);
    claim_.acquire();
    for (;;) {
        ++counters_.turns;
        service();
        if (may_exit()) [[unlikely]]
            break;
        if (!ready_.empty()) {
            // Given up while tasks run: from here on another shard may service this one.
            claim_.release();
            run_ready();
            claim_.acquire();
        }
        if (ready_.empty()) {
            wait_for_work();
        } else {
            ring_->flush();
        }
    }
    claim_.release();
    ring_->flush();
}

/// Queues everything that woke. Resumes nothing, so that it could be done for a stuck owner.
void shard::service() noexcept {
    if (!posts_.empty())
        counters_.posts_received.add(posts_.drain(ready_));
    if (ring_->completions_visible())
        counters_.completions.add(ring_->reap(ready_));
    while (!ring_->ended_early().empty())
        ready_.push(ring_->ended_early().pop());
    if (!timers_.empty())
        counters_.timers_fired.add(timers_.fire(now_ns(), ready_));
    if (first_waiting_ != nullptr)
        deliver_messages();
    if (ring_->bells_failed()) [[unlikely]]
        retry_bells();
}

void shard::run_ready() noexcept {
    // What becomes ready meanwhile has its turn after the next service.
    const auto batch = std::min<std::size_t>(ready_.size(), most_run_per_turn);
    for (std::size_t i = 0; i < batch; ++i) {
        detail::work_item& item = ready_.pop();
        detail::refill_transfers();
        item.run(item);
    }
    counters_.items_run.add(batch);
}

bool shard::may_exit() const noexcept {
    const exit_mode mode = exit_.load(std::memory_order_seq_cst);
    if (mode == exit_mode::none) [[likely]]
        return false;
    return mode == exit_mode::at_once ||
           (ready_.empty() && posts_.empty() && ring_->in_flight() == 0 && timers_.empty());
}

bool shard::work_visible() const noexcept {
    return !posts_.empty() || ring_->completions_visible() ||
           (first_waiting_ != nullptr && !messages_.empty()) || !ring_->ended_early().empty() ||
           may_exit();
}

bool shard::timers_due() const noexcept {
    return !timers_.empty() && timers_.earliest_ns() <= now_ns();
}

// --- waiting -------------------------------------------------------------------------------------

/// Submits what the tasks prepared, and returns when there is something to service.
void shard::wait_for_work() noexcept {
    const std::uint64_t budget = spinning_.budget_ns();
    if (budget != 0)
        ring_->flush();
    if (work_visible() || timers_due()) {
        if (budget == 0)
            ring_->flush();
        return;
    }
    if (budget != 0 && spin(budget)) {
        ++counters_.spins_paid;
        spinning_.paid();
        return;
    }
    // With no spin ahead, one entry submits and waits.
    const std::uint64_t start = now_ns();
    park();
    spinning_.slept(now_ns() - start + budget);
}

/// Looks at memory only, and enters the kernel just when the ring says that completions wait there.
bool shard::spin(std::uint64_t budget_ns) noexcept {
    constexpr unsigned looks_per_clock_read = 32;
    std::uint64_t end = 0;
    for (unsigned look = 1;; ++look) {
        if (ring_->entry_wanted())
            ring_->flush();
        detail::pause();
        if (work_visible())
            return true;
        if (look % looks_per_clock_read != 0)
            continue;
        const std::uint64_t now = now_ns();
        if (end == 0)
            end = now + budget_ns;
        if (now >= timers_.earliest_ns())
            return true;
        if (now >= end)
            return false;
    }
}

void shard::park() noexcept {
    std::uint64_t timeout = kernel::no_timeout;
    if (!timers_.empty()) {
        const std::uint64_t now = now_ns();
        const std::uint64_t earliest = timers_.earliest_ns();
        if (earliest <= now) {
            ring_->flush();
            return;
        }
        timeout = earliest - now;
    }
    gate_.announce();
    // Once more after the announcement: a source that saw us awake rings no bell, and what it
    // pushed in between would wait for ever.
    if (work_visible()) {
        ring_->flush();
    } else {
        ++counters_.parks;
        ring_->wait(timeout);
    }
    gate_.woke_up();
}

// --- from other threads --------------------------------------------------------------------------

void shard::post(detail::work_item& item) noexcept {
    posts_.push(item);
    wake_if_asleep();
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
bool shard::knows(const shard& other) const noexcept {
    return other.index() < peers_.size() && peers_[other.index()].get() == &other;
}

void shard::wake_if_asleep() noexcept {
    if (!gate_.announced())
        return;
    shard* source = current();
    if (source == nullptr || !source->knows(*this)) {
        // It may come while the runtime closes: close() waits for its hand to leave the bell, so
        // that it never strikes a descriptor that means something else by then.
        const visit from_outside(*this);
        if (gate_.must_ring())
            strike_outside_bell();
        return;
    }
    if (!gate_.must_ring())
        return;
    if (source->io().send_bell(ring_descriptor_.load(std::memory_order_relaxed), index())) {
        ++source->counters_.bells_sent;
    } else {
        strike_outside_bell();
    }
}

void shard::strike_outside_bell() noexcept {
    counters_.bells_from_outside.fetch_add(1, std::memory_order_relaxed);
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

// --- messages ------------------------------------------------------------------------------------

bool shard::receive(message_wait& wait) noexcept {
    if (first_waiting_ == nullptr && messages_.pop(wait.received)) {
        ++counters_.messages_received;
        return true;
    }
    wait.next = nullptr;
    (last_waiting_ != nullptr ? last_waiting_->next : first_waiting_) = &wait;
    last_waiting_ = &wait;
    return false;
}

bool shard::stop_receiving(message_wait& wait) noexcept {
    message_wait* before = nullptr;
    for (message_wait* at = first_waiting_; at != nullptr; before = at, at = at->next) {
        if (at != &wait)
            continue;
        (before != nullptr ? before->next : first_waiting_) = wait.next;
        if (last_waiting_ == &wait)
            last_waiting_ = before;
        return true;
    }
    return false;
}

void shard::deliver_messages() noexcept {
    while (first_waiting_ != nullptr && messages_.pop(first_waiting_->received)) {
        message_wait& served = *first_waiting_;
        first_waiting_ = served.next;
        if (first_waiting_ == nullptr)
            last_waiting_ = nullptr;
        ++counters_.messages_received;
        ready_.push(*served.waiter);
    }
}

shard::ring_numbers shard::numbers_of(const ring& seen) noexcept {
    return {seen.entries_into_kernel(), seen.overflows(), seen.in_flight()};
}

shard_stats shard::stats() const noexcept {
    shard_stats seen;
    seen.turns = counters_.turns.get();
    seen.items_run = counters_.items_run.get();
    seen.posts_received = counters_.posts_received.get();
    seen.messages_received = counters_.messages_received.get();
    seen.completions = counters_.completions.get();
    seen.attempts_succeeded = counters_.attempts_succeeded.get();
    seen.attempts_in_vain = counters_.attempts_in_vain.get();
    seen.timers_fired = counters_.timers_fired.get();
    seen.spins_paid = counters_.spins_paid.get();
    seen.parks = counters_.parks.get();
    seen.bells_sent = counters_.bells_sent.get();
    seen.bells_from_outside = counters_.bells_from_outside.load(std::memory_order_relaxed);
    const visit reading(*this);
    const ring* open = open_ring_.load(std::memory_order_seq_cst);
    const ring_numbers numbers = open != nullptr ? numbers_of(*open) : last_numbers_;
    seen.kernel_entries = numbers.kernel_entries;
    seen.cq_overflows = numbers.cq_overflows;
    seen.operations_in_flight = numbers.operations_in_flight;
    return seen;
}

}  // namespace spargio
