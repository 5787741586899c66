#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "spargio/core/counter.hpp"
#include "spargio/core/executor.hpp"
#include "spargio/core/work_share.hpp"
#include "spargio/ring/ring.hpp"
#include "spargio/shard/buffer_options.hpp"
#include "spargio/shard/cpu_contention.hpp"
#include "spargio/shard/direct_mail.hpp"
#include "spargio/shard/hot_counts.hpp"
#include "spargio/shard/inbox.hpp"
#include "spargio/shard/next_theft.hpp"
#include "spargio/shard/outbox.hpp"
#include "spargio/shard/rescue_options.hpp"
#include "spargio/shard/run_queues.hpp"
#include "spargio/shard/service_claim.hpp"
#include "spargio/shard/shard_stats.hpp"
#include "spargio/shard/sleep_gate.hpp"
#include "spargio/shard/spin_policy.hpp"
#include "spargio/shard/steal_options.hpp"
#include "spargio/shard/timer_queue.hpp"
#include "spargio/shard/turn_times.hpp"
#include "spargio/shard/victim_search.hpp"
#include "spargio/shard/wake_list.hpp"

namespace spargio {

class buffer_pool;

struct shard_options {
    unsigned index = 0;
    ring_options ring;
    unsigned mailbox_capacity = 4096;               ///< messages of each source; a power of two
    std::shared_ptr<const detail::tag_table> tags;  ///< null: no tag is hot
    unsigned spin_us = 100;                         ///< longest spin before a sleep; 0: never spin
    steal_options stealing;
    rescue_options rescue;
    buffer_options buffers;
};

/// One worker thread's world: its ring, its run queues, its timers, its mailbox.
///
/// A turn of the loop is: service (take completions, posts, timers and messages, queueing what
/// woke) under the service claim; run what is queued; flush the ring. With nothing to run it takes
/// stealable work of others, or spins for a little, then parks in the kernel.
///
/// Thread: the owner calls open() and run(); what any thread may call says so.
/// Limit: `most_run_per_turn` items between two services; fewer next ones where these take long.
class shard final : public detail::executor {
public:
    static constexpr unsigned most_run_per_turn = detail::turn_times::most_items;

    shard(kernel& entry, const shard_options& options);
    shard(const shard&) = delete;
    shard& operator=(const shard&) = delete;
    ~shard();

    /// The shard whose thread this is, or null. Only shards are executors outside of tests of the
    /// core.
    [[nodiscard]] static shard* current() noexcept {
        return static_cast<shard*>(detail::current_executor());
    }

    // --- the owner -------------------------------------------------------------------------------

    /// Sets the ring up on the calling thread, which thereby becomes the owner.
    [[nodiscard]] result<void> open();
    /// Makes the shards of one runtime, in the order of their numbers, known to this one, and
    /// `share`, by which they find each other's stealable work.
    void meet(std::span<const std::unique_ptr<shard>> peers, detail::work_share& share);
    /// Runs until request_exit() was called and nothing is queued, armed or in flight, or until
    /// abandon() was.
    void run();
    /// The last thing the owner does, so that another thread can close().
    void leave() noexcept { ring_->leave(); }
    /// Closes the ring; after abandon() it is left open instead, and never closed, since what is in
    /// flight may still be written to. \pre run() has returned, or never ran; called by the owner,
    /// or after leave() and the end of its thread.
    void close() noexcept;

    void defer(detail::work_item& item) noexcept override { queues_.push(item); }
    void part_ended() noexcept override {
        if (next_theft_.under_way())
            next_theft_.end(counters_.forks_in_place.get(), now_ns(), options_.stealing.batch_size);
    }
    void defer_next(detail::work_item& item) noexcept override {
        queues_.push_next(item);
        if (queues_.keeps_all_next() && next_worth_.enough())
            share_next();
    }
    bool take_back(detail::work_item& fork) noexcept override;
    [[nodiscard]] ring& io() noexcept { return *ring_; }
    /// Whether it looks at memory for a while before it sleeps; a task may then do so, too.
    [[nodiscard]] bool may_spin() const noexcept { return options_.spin_us != 0; }
    /// Nothing else is to be done this turn: an operation may be tried without the ring.
    [[nodiscard]] bool quiet() const noexcept {
        return queues_.empty() && ring_->unsubmitted() == 0;
    }
    /// Where a new stealable task starts: here, unless on the peer whose turn it is to be asked
    /// clearly fewer operations wait for the kernel, as those of connections do.
    [[nodiscard]] shard& home_for_new_task() noexcept;
    /// Everything sent so far is in its target's mailbox already; after this, so is the bell of
    /// every target that slept with the kernel.
    void flush_messages() noexcept;
    /// Its buffers for what streams receive, made when they are first asked for. Errors: ENOMEM.
    [[nodiscard]] result<buffer_pool*> buffers();
    /// The same, or null as long as nobody has asked for them.
    [[nodiscard]] buffer_pool* buffers_in_use() const noexcept { return buffers_; }
    /// What streams may use of the kernel; found out when it is first asked for, and what could not
    /// be tried then for want of descriptors or memory this shard does without.
    [[nodiscard]] feature_set stream_features() noexcept;
    void count_attempt(bool succeeded) noexcept {
        ++(succeeded ? counters_.attempts_succeeded : counters_.attempts_in_vain);
    }
    /// Something was refused here because it belongs to another shard.
    void count_affinity_violation() noexcept { ++counters_.affinity_violations; }

    // --- the owner or a rescuer, who holds the service claim -------------------------------------

    /// Holds the claim while a task runs, so that nobody services the shard meanwhile; of a shard
    /// that is alone there is nobody to do so.
    class hold {
    public:
        explicit hold(shard& held) noexcept : held_(held) {
            if (held_.share_ != nullptr)
                held_.claim_.acquire();
        }
        ~hold() {
            if (held_.share_ != nullptr)
                held_.claim_.release();
        }
        hold(const hold&) = delete;
        hold& operator=(const hold&) = delete;

    private:
        shard& held_;
    };
    void arm(detail::timer& entry, std::uint64_t deadline_ns) { timers_.arm(entry, deadline_ns); }
    void arm(detail::movable_timer& entry) { timers_.arm(entry); }
    /// For `wait_ns` from its next service on.
    void arm_for(detail::limit_timer& entry, std::uint64_t wait_ns) {
        timers_.arm_for(entry, wait_ns);
    }
    /// Where its deadline came nearer and it is armed here.
    void move_up(detail::movable_timer& entry) noexcept { timers_.move_up(entry); }
    bool disarm(detail::timer& entry) noexcept { return timers_.cancel(entry); }
    /// Queues `item`, which woke, at the end of the service.
    void wake(detail::work_item& item) noexcept { woken_.push(item); }
    /// Keeps a request that a rescuer cannot answer now for the next service or rescue.
    void leave_to_owner(detail::work_item& request) noexcept { left_.push(request); }

    using message_wait = detail::message_wait;
    /// Takes messages at once (true), or joins the line of those who wait (false).
    [[nodiscard]] bool receive(message_wait& wait,
                               detail::lane_kind kind = detail::lane_kind::ordinary) noexcept;
    /// Leaves the line. \return whether it stood in it.
    bool stop_receiving(message_wait& wait,
                        detail::lane_kind kind = detail::lane_kind::ordinary) noexcept {
        return inbox_of(kind).stop_receiving(wait);
    }

    [[nodiscard]] detail::hot_counts& counts() noexcept { return counts_; }

    // --- any thread ------------------------------------------------------------------------------

    /// Which of the coalesced tags it is, if it is one.
    [[nodiscard]] std::optional<std::uint8_t> number_of_coalesced(std::uint32_t tag) const noexcept;
    void post(detail::work_item& item) noexcept override;
    /// For what can wait until the shard comes by: a sleeper is not woken for it.
    void post_without_bell(detail::work_item& item) noexcept { posts_.push(item); }
    /// Queues messages of the calling thread at `target`; who is a shard that knows it has a lane
    /// there. \return how many there was room for, from the front.
    static std::size_t send(shard& target, std::span<const raw_message> sent) noexcept;
    /// The same for one. False: there was no room.
    [[nodiscard]] static bool send_one(shard& target, const raw_message& sent) noexcept;
    /// The same through the target's completion queue, where that is possible.
    static std::size_t send_direct(shard& target, std::span<const raw_message> sent) noexcept;
    /// From a thread that has no lane, whatever it calls itself. False: there was no room.
    [[nodiscard]] bool try_send(const message& sent) noexcept;
    void request_exit() noexcept;
    /// Ends run() at the next turn whatever is left; frames and operations stay as they are.
    void abandon() noexcept;
    [[nodiscard]] unsigned index() const noexcept { return options_.index; }
    [[nodiscard]] kernel& entry() const noexcept { return kernel_; }
    [[nodiscard]] std::uint64_t now_ns() const noexcept { return kernel_.now_ns(); }
    [[nodiscard]] feature_set features() const noexcept { return features_; }
    /// No other shard ever takes its completions.
    [[nodiscard]] bool serves_itself() const noexcept {
        return options_.rescue.after_us == 0 || peers_.size() < 2;
    }
    /// -1 before open() and after close().
    [[nodiscard]] int ring_descriptor() const noexcept {
        return ring_descriptor_.load(std::memory_order_relaxed);
    }
    /// Also before open() and after close().
    [[nodiscard]] shard_stats stats() const noexcept;

private:
    friend class detail::direct_mail;
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
        detail::counter<> turns, items_run, stealable_run, forks_in_place, spins, probes,
            searches_in_vain, bells_spared, busy_ns, posts_received, messages_received, completions,
            attempts_succeeded, attempts_in_vain, timers_fired, spins_paid, parks, bells_sent,
            searches, thefts, items_stolen, searchers_woken, rescues, items_rescued, nudges,
            messages_submitted, messages_backpressured, messages_failed, items_ready, timers_armed,
            affinity_violations, contentions;
        std::atomic<std::uint64_t> bells_from_outside = 0;
        std::atomic<std::uint64_t> backpressured_outside = 0;
        detail::time_counts turn_time, item_time, ready_time, wake_time;
    };
    struct ring_numbers {
        std::uint64_t kernel_entries = 0, cq_overflows = 0;
        unsigned operations_in_flight = 0;
    };

    struct watched_turn {
        std::uint64_t turn = 0;
        std::uint64_t since_ns = 0;
        std::uint64_t forks = 0;
    };
    static constexpr int most_looks_after_nudge = 200;   // pauses: some ten microseconds
    static constexpr std::size_t most_asked_again = 16;  // of requests a rescuer could not answer
    // Primes, so as not to fall in step with turns that repeat.
    static constexpr unsigned turns_per_sample = 17;
    static constexpr unsigned samples_per_count = 5;
    static constexpr unsigned counted_per_wait = 4;  // of those that are no samples
    static constexpr std::uint64_t bells_per_sample = 8;

    void service() noexcept;
    void gather_woken() noexcept;
    void queue_woken() noexcept;
    unsigned run_ready(unsigned most) noexcept;
    void wait_for_work() noexcept;
    [[nodiscard]] bool spin(std::uint64_t budget_ns) noexcept;
    [[nodiscard]] bool was_displaced() noexcept;
    void park(std::uint64_t now) noexcept;
    void measure_contention(std::uint64_t now) noexcept;
    void sleep() noexcept;
    [[nodiscard]] bool work_visible() const noexcept;
    [[nodiscard]] bool timers_due() noexcept;
    [[nodiscard]] bool sort_timers() noexcept;
    [[nodiscard]] bool may_exit() const noexcept;
    [[nodiscard]] static ring_numbers numbers_of(const ring& seen) noexcept;
    [[nodiscard]] bool knows(const shard& other) const noexcept {
        return other.index() < peers_.size() && peers_[other.index()].get() == &other;
    }
    void wake_if_asleep() noexcept;
    void wake_from(shard& source) noexcept;
    void wake_for_exit() noexcept;

    // shard_stats.cpp
    void tell_what_ran() noexcept;
    void run_timed(std::uint64_t began_ns, unsigned waiting, unsigned most, bool sampled) noexcept;
    unsigned run_counted(std::uint64_t began_ns, unsigned waiting, unsigned most,
                         unsigned stands_for) noexcept;
    void measure_wake(std::uint64_t began_ns, std::uint64_t ended_ns) noexcept;

    // shard_messages.cpp
    detail::message_lane* open_lane(unsigned source, detail::lane_kind kind) noexcept;
    std::size_t take_in(shard* source, std::span<const raw_message> sent,
                        detail::lane_kind kind) noexcept;
    std::size_t take_in_by_tag(shard* source, std::span<const raw_message> sent) noexcept;
    [[nodiscard]] bool add_to_count(shard* source, std::uint8_t number,
                                    std::uint64_t value) noexcept;
    void ring_bells() noexcept;
    void ring_bells_due() noexcept {
        if (outbox_.bells_due())
            ring_bells();
    }
    void deliver_messages() noexcept;
    [[nodiscard]] detail::inbox& inbox_of(detail::lane_kind kind) noexcept {
        return kind == detail::lane_kind::hot ? hot_messages_ : messages_;
    }
    [[nodiscard]] bool messages_awaited() const noexcept {
        return messages_.awaited() || hot_messages_.awaited() || counts_.awaited();
    }
    [[nodiscard]] bool messages_deliverable() const noexcept {
        return (messages_.awaited() && !messages_.empty()) ||
               (hot_messages_.awaited() && !hot_messages_.empty()) || counts_.deliverable();
    }

    // shard_steal.cpp
    void offer_forks() noexcept override { share_next(); }
    [[nodiscard]] bool search() noexcept;
    [[nodiscard]] unsigned steal_from(shard& victim) noexcept;
    [[nodiscard]] bool loot_visible() const noexcept;
    [[nodiscard]] unsigned steal_next_of(shard& victim) noexcept;
    [[nodiscard]] unsigned loot() const noexcept { return loot_shared() + loot_next(); }
    [[nodiscard]] unsigned loot_for(const shard& thief) const noexcept;
    [[nodiscard]] bool spares(const shard& victim) const noexcept;
    [[nodiscard]] unsigned contended_worth_ns() const noexcept {
        return std::max(options_.stealing.contended_worth_ns, options_.stealing.worth_ns);
    }
    [[nodiscard]] unsigned loot_shared() const noexcept {
        return loot_shared(options_.stealing.worth_ns);
    }
    [[nodiscard]] unsigned loot_shared(unsigned worth_ns) const noexcept;
    [[nodiscard]] unsigned loot_next() const noexcept {
        return next_worth_.loot(queues_.stealable_next(), queues_.hidden());
    }
    void end_search() noexcept;
    void take_over_search() noexcept;
    void share_next() noexcept;
    void offer_work() noexcept;
    void wake_searcher() noexcept;

    // shard_rescue.cpp
    bool look_after_peers(std::uint64_t now) noexcept;
    [[nodiscard]] bool rescue(shard& stuck) noexcept;
    void expose(shard& busy) noexcept;
    bool nudge() noexcept;
    [[nodiscard]] bool others_sleep() const noexcept;
    [[nodiscard]] std::uint64_t time_to_next_watch(std::uint64_t now) noexcept;
    void end_watch() noexcept;
    void call_watcher() noexcept;

    void strike_outside_bell() noexcept;
    void retry_bells() noexcept;

    // shard_buffers.cpp
    void collect_buffers() noexcept;
    void close_buffers() noexcept;

    kernel& kernel_;
    const shard_options options_;
    std::span<const std::unique_ptr<shard>> peers_;
    std::unique_ptr<ring> ring_;
    feature_set features_;
    detail::run_queues queues_;
    detail::work_list woken_;  // since the service began, or under hold
    detail::work_list left_;   // requests a rescuer could not answer
    detail::timer_queue timers_;
    detail::spin_policy spinning_;
    std::uint64_t times_displaced_ = 0;
    detail::outbox outbox_;
    buffer_pool* buffers_ = nullptr;
    std::optional<feature_set> stream_features_;
    counters counters_;
    std::uint64_t items_run_ = 0;
    unsigned turns_to_sample_ = turns_per_sample;  // of those that are short
    unsigned samples_ = 0;
    unsigned turns_counted_ = 0;
    std::atomic<int> ring_descriptor_ = -1;
    std::atomic<int> bell_ = -1;  // an eventfd, where the kernel has no bell for outsiders
    std::atomic<const ring*> open_ring_ = nullptr;
    ring_numbers last_numbers_;  // of the ring that was closed
    std::atomic<exit_mode> exit_ = exit_mode::none;
    std::atomic<std::uint64_t> opened_ns_ = 0;

    detail::work_share* share_ = nullptr;  // null: alone
    bool searching_ = false;               // counted in share_
    detail::turn_times turn_times_;
    detail::next_worth next_worth_;  // to others
    detail::next_theft next_theft_;  // from others
    detail::cpu_contention contention_;
    int cpu_times_ = -1;                 // what contention_ goes by; negative: nothing
    std::uint64_t work_offered_ns_ = 0;  // since when stealable work lies about; 0: none
    detail::victim_search victims_;
    unsigned next_home_ = 0;
    std::vector<watched_turn> watched_;  // of each peer
    std::uint64_t next_look_ns_ = 0;
    std::uint64_t watch_ends_ns_ = 0;
    bool peer_is_stuck_ = false;                          // at the last look
    bool watching_ = false;                               // counted in share_
    alignas(64) std::atomic<bool> search_begun_ = false;  // for us, by who woke us

    detail::service_claim claim_;
    detail::sleep_gate gate_;
    std::atomic<std::uint64_t> rung_ns_ = 0;  // when a bell was sent to this sleeper; 0: none
    detail::wake_list posts_;
    alignas(64) mutable std::atomic<int> visitors_ = 0;  // from outside, who are not gone
    detail::inbox messages_;
    detail::inbox hot_messages_;
    detail::hot_counts counts_;
    detail::direct_mail direct_;
};

}  // namespace spargio
