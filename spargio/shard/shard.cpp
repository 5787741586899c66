#include "spargio/shard/shard.hpp"

#include <algorithm>
#include <utility>

#include "spargio/core/pause.hpp"
#include "spargio/core/transfer.hpp"

namespace spargio {

shard::shard(kernel& entry, const shard_options& options)
    : kernel_(entry),
      options_(options),
      queues_(options.stealing),
      spinning_(std::uint64_t{options.spin_us} * 1000),
      next_worth_(options_.stealing),
      victims_(options_.stealing),
      messages_(options.mailbox_capacity),
      hot_messages_(options.mailbox_capacity),
      counts_(options.tags.get()),
      direct_(*this) {
    if (detail::split_deque* const lock_free = queues_.next_items())
        keep_forks_in({*lock_free, next_worth_.enough_flag(), counters_.forks_in_place});
}

shard::~shard() {
    if (exit_.load(std::memory_order_relaxed) == exit_mode::at_once)
        (void)ring_.release();
    SPARGIO_ASSERT(ring_ == nullptr);
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
    if (share_ != nullptr && options_.stealing.contended_worth_ns != 0)
        cpu_times_ = kernel_.open_cpu_times();
    opened_ns_.store(now_ns(), std::memory_order_relaxed);
    ring_->set_message_port(direct_);
    ring_descriptor_.store(ring_->descriptor(), std::memory_order_release);
    open_ring_.store(ring_.get(), std::memory_order_release);
    return {};
}

void shard::meet(std::span<const std::unique_ptr<shard>> peers, detail::work_share& share) {
    peers_ = peers;
    outbox_.meet(peers.size());
    if (peers.size() == 1)
        return;
    share_ = &share;
    share_forks_with(share);
    watched_.resize(peers.size());
}

void shard::close() noexcept {
    if (cpu_times_ >= 0)
        kernel_.close_cpu_times(std::exchange(cpu_times_, -1));
    if (exit_.load(std::memory_order_relaxed) == exit_mode::at_once)
        return;
    last_numbers_ = numbers_of(*ring_);
    // Visitors come first and look then, this looks for visitors after it took the ring away: one
    // of the two sees the other. Those who strike the bell have the same from the gate.
    open_ring_.store(nullptr, std::memory_order_seq_cst);
    for (detail::backoff between_looks; visitors_.load(std::memory_order_seq_cst) != 0;)
        between_looks.wait();
    SPARGIO_ASSERT(queues_.empty() && timers_.empty() && !messages_awaited());
    ring_.reset();
    close_buffers();
    if (const int bell = bell_.exchange(-1); bell >= 0)
        kernel_.close_bell(bell);
}

// --- the loop ------------------------------------------------------------------------------------

void shard::run() {
    constexpr std::uint32_t long_item_ns = 1000;
    detail::executor_scope scope(this);
    claim_.acquire();
    for (;;) {
        ++counters_.turns;
        service();
        if (may_exit()) [[unlikely]]
            break;
        // The clock costs as much as a short turn: of those it is read now and then only.
        const bool sampled = turn_times_.item_ns() < long_item_ns;
        const bool timed = !sampled || --turns_to_sample_ == 0;
        std::uint64_t began = 0;
        if (timed) {
            turns_to_sample_ = turns_per_sample;
            began = now_ns();
            counters_.timers_armed.set(timers_.size());
        }
        if (share_ != nullptr)
            take_over_search();
        if (timed && share_ != nullptr)
            look_after_peers(began);
        if (!queues_.empty()) {
            if (searching_)
                end_search();
            // Given up while tasks run: from here on another shard may service this one.
            claim_.release();
            const auto waiting = static_cast<unsigned>(queues_.size(turn_times_.most_next()));
            const unsigned most = std::min(waiting, most_run_per_turn);
            if (timed) {
                run_timed(began, waiting, most, sampled);
            } else {
                run_ready(most);
                ring_bells_due();
            }
            claim_.acquire();
        }
        if (queues_.empty()) {
            wait_for_work();
        } else {
            ring_->flush();
        }
    }
    if (searching_)
        end_search();
    end_watch();
    ring_->flush();
    tell_what_ran();
}

/// Queues everything that woke. Resumes nothing, so that it could be done for a stuck owner.
void shard::service() noexcept {
    if (buffers_ != nullptr)
        collect_buffers();
    gather_woken();
    if (direct_.any_settled()) [[unlikely]]
        direct_.settle();
    while (!ring_->ended_early().empty())
        woken_.push(ring_->ended_early().pop());
    while (!left_.empty())
        woken_.push(left_.pop());
    queue_woken();
}

/// What woke, in any shard's hands.
void shard::gather_woken() noexcept {
    if (!posts_.empty())
        counters_.posts_received.add(posts_.drain(woken_));
    if (ring_->completions_visible())
        counters_.completions.add(ring_->reap(woken_));
    if (!timers_.empty())
        counters_.timers_fired.add(timers_.fire(now_ns(), woken_));
    if (messages_awaited())
        deliver_messages();
    if (ring_->bells_failed()) [[unlikely]]
        retry_bells();
}

/// Requests are answered here and now, and may wake more.
void shard::queue_woken() noexcept {
    while (!woken_.empty()) {
        detail::work_item& item = woken_.pop();
        if (item.kind == detail::work_kind::request) [[unlikely]] {
            item.run(item);
        } else {
            queues_.push(item);
        }
    }
}

/// What becomes ready meanwhile has its turn after the next service.
unsigned shard::run_ready(unsigned most) noexcept {
    unsigned run = 0;
    for (; run != most; ++run) {
        detail::work_item* const item = queues_.pop();
        if (item == nullptr)
            break;
        detail::refill_transfers();
        item->run(*item);
        if (share_ != nullptr && share_->idle_hands())
            offer_work();
    }
    items_run_ += run;
    return run;
}

bool shard::may_exit() const noexcept {
    const exit_mode mode = exit_.load(std::memory_order_seq_cst);
    if (mode == exit_mode::none) [[likely]]
        return false;
    return mode == exit_mode::at_once || (queues_.empty() && woken_.empty() && left_.empty() &&
                                          posts_.empty() && ring_->idle() && timers_.empty());
}

bool shard::work_visible() const noexcept {
    return !posts_.empty() || ring_->completions_visible() || !woken_.empty() || !left_.empty() ||
           messages_deliverable() || !ring_->ended_early().empty() || may_exit();
}

bool shard::timers_due() noexcept {
    if (timers_.empty())
        return false;
    const std::uint64_t now = now_ns();
    timers_.begin(now);
    return timers_.earliest_ns() <= now;
}

}  // namespace spargio
