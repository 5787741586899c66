#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "spargio/core/counter.hpp"
#include "spargio/core/executor.hpp"
#include "spargio/ring/ring.hpp"
#include "spargio/shard/message_queue.hpp"
#include "spargio/shard/service_claim.hpp"
#include "spargio/shard/shard_stats.hpp"
#include "spargio/shard/sleep_gate.hpp"
#include "spargio/shard/spin_policy.hpp"
#include "spargio/shard/timer_queue.hpp"
#include "spargio/shard/wake_list.hpp"

namespace spargio {

struct shard_options {
    unsigned index = 0;
    ring_options ring;
    unsigned mailbox_capacity = 4096;  ///< messages; a power of two
    unsigned spin_us = 100;            ///< longest spin before a sleep; 0: never spin
};

/// One worker thread's world: its ring, its run queue, its timers, its mailbox.
///
/// A turn of the loop is: service (take completions, posts, timers and messages, queueing what
/// woke) under the service claim; run what is queued; flush the ring. With nothing to run it spins
/// for a little, then parks in the kernel.
///
/// Thread: the owner calls open() and run(); what any thread may call says so.
/// Limit: `most_run_per_turn` items between two services.
class shard final : public detail::executor {
public:
    static constexpr unsigned most_run_per_turn = 256;

    shard(kernel& entry, const shard_options& options);
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;
    ~shard();

    /// The shard whose thread this is, or null.
    [[nodiscard]] static shard* current() noexcept;

    // --- the owner -------------------------------------------------------------------------------

    /// Sets the ring up on the calling thread, which thereby becomes the owner.
    [[nodiscard]] result<void> open();
    /// Makes the shards of one runtime, in the order of their numbers, known to this one.
    void meet(std::span<const std::unique_ptr<shard>> peers) noexcept { peers_ = peers; }
    /// Runs until request_exit() was called and nothing is queued, armed or in flight, or until
    /// abandon() was.
    void run();
    /// The last thing the owner does, so that another thread can close().
    void leave() noexcept { ring_->leave(); }
    /// Closes the ring; after abandon() it is left open instead, and never closed, since what is in
    /// flight may still be written to. \pre run() has returned, or never ran; called by the owner,
    /// or after leave() and the end of its thread.
    void close() noexcept;

    void defer(detail::work_item& item) noexcept override { ready_.push(item); }
    [[nodiscard]] ring& io() noexcept { return *ring_; }
    /// Nothing else is to be done this turn: an operation may be tried without the ring.
    [[nodiscard]] bool quiet() const noexcept {
        return ready_.empty() && ring_->unsubmitted() == 0;
    }
    void count_attempt(bool succeeded) noexcept {
        ++(succeeded ? counters_.attempts_succeeded : counters_.attempts_in_vain);
    }
    void arm(detail::timer& entry, std::uint64_t deadline_ns) { timers_.arm(entry, deadline_ns); }
    bool disarm(detail::timer& entry) noexcept { return timers_.cancel(entry); }

    /// One who waits for this shard's next message: `waiter` is queued once `received` holds it.
    struct message_wait {
        message received;
        detail::work_item* waiter = nullptr;
        message_wait* next = nullptr;
    };
    /// Takes a message at once (true), or joins the line of those who wait (false).
    [[nodiscard]] bool receive(message_wait& wait) noexcept;
    /// Leaves the line. \return whether it stood in it.
    bool stop_receiving(message_wait& wait) noexcept;

    // --- any thread ------------------------------------------------------------------------------

    void post(detail::work_item& item) noexcept override;
    /// False: the mailbox is full and the message was not queued.
    [[nodiscard]] bool try_send(const message& sent) noexcept;
    void request_exit() noexcept;
    /// Ends run() at the next turn whatever is left; frames and operations stay as they are.
    void abandon() noexcept;
    [[nodiscard]] unsigned index() const noexcept { return options_.index; }
    [[nodiscard]] kernel& entry() const noexcept { return kernel_; }
    [[nodiscard]] std::uint64_t now_ns() const noexcept { return kernel_.now_ns(); }
    [[nodiscard]] feature_set features() const noexcept { return features_; }
    /// Also before open() and after close().
    [[nodiscard]] shard_stats stats() const noexcept;

private:
    enum class exit_mode : std::uint8_t { none, when_empty, at_once };
    /// Keeps the ring and its bell open for a thread that does not own them.
    class visit {
    public:
        explicit visit(const shard& host) noexcept : host_(host) {
            host_.visitors_.fetch_add(1, std::memory_order_seq_cst);
        }
        ~visit() { host_.visitors_.fetch_sub(1, std::memory_order_release); }
        visit(const visit&) = delete;
        visit& operator=(const visit&) = delete;

    private:
        const shard& host_;
    };
    struct counters {
        detail::counter<> turns, items_run, posts_received, messages_received, completions,
            attempts_succeeded, attempts_in_vain, timers_fired, spins_paid, parks, bells_sent;
        std::atomic<std::uint64_t> bells_from_outside = 0;
    };
    struct ring_numbers {
        std::uint64_t kernel_entries = 0, cq_overflows = 0;
        unsigned operations_in_flight = 0;
    };

    void service() noexcept;
    void deliver_messages() noexcept;
    void run_ready() noexcept;
    void wait_for_work() noexcept;
    [[nodiscard]] bool spin(std::uint64_t budget_ns) noexcept;
    void park() noexcept;
    [[nodiscard]] bool work_visible() const noexcept;
    [[nodiscard]] bool timers_due() const noexcept;
    [[nodiscard]] bool may_exit() const noexcept;
    [[nodiscard]] static ring_numbers numbers_of(const ring& seen) noexcept;
    [[nodiscard]] bool knows(const shard& other) const noexcept;
    void wake_if_asleep() noexcept;
    void wake_for_exit() noexcept;
    void strike_outside_bell() noexcept;
    void retry_bells() noexcept;

    kernel& kernel_;
    const shard_options options_;
    std::span<const std::unique_ptr<shard>> peers_;
    std::unique_ptr<ring> ring_;
    feature_set features_;
    detail::work_list ready_;
    detail::timer_queue timers_;
    detail::spin_policy spinning_;
    message_wait* first_waiting_ = nullptr;
    message_wait* last_waiting_ = nullptr;
    counters counters_;
    std::atomic<int> ring_descriptor_ = -1;
    std::atomic<int> bell_ = -1;  // an eventfd, where the kernel has no bell for outsiders
    std::atomic<const ring*> open_ring_ = nullptr;
    ring_numbers last_numbers_;  // of the ring that was closed
    mutable std::atomic<int> visitors_ = 0;
    std::atomic<exit_mode> exit_ = exit_mode::none;

    detail::service_claim claim_;
    detail::sleep_gate gate_;
    detail::wake_list posts_;
    detail::message_queue messages_;
};

}  // namespace spargio
