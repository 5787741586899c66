#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "spargio/shard/time_histogram.hpp"

namespace spargio {

/// What one shard has done since it started, or several of them together. A snapshot: the numbers
/// are each exact, and taken a few nanoseconds apart; what says "now" is an estimate.
struct shard_stats {
    std::uint64_t turns = 0;  ///< of the loop
    /// Resumptions, task starts and requests from elsewhere; of short turns as of 16 turns ago.
    std::uint64_t items_run = 0;
    std::uint64_t stealable_run = 0;           ///< of these, what any shard could have run
    std::uint64_t forks_in_place = 0;          ///< run by who forked them, because nobody took them
    std::uint64_t posts_received = 0;          ///< items other threads handed over
    std::uint64_t messages_submitted = 0;      ///< by this shard, and to it by those that are none
    std::uint64_t messages_backpressured = 0;  ///< of such, refused for want of room
    std::uint64_t messages_failed = 0;         ///< direct ones that went to the mailbox instead
    std::uint64_t messages_received = 0;       ///< handed to who waits, but for counts
    std::uint64_t messages_waiting = 0;        ///< for somebody to receive them, now
    std::uint64_t completions = 0;             ///< taken from the ring
    std::uint64_t attempts_succeeded = 0;      ///< operations done without the ring
    std::uint64_t attempts_in_vain = 0;
    std::uint64_t timers_fired = 0;
    std::uint64_t timers_armed = 0;        ///< now: when the last turn was timed, or wait begun
    std::uint64_t items_ready = 0;         ///< in the run queues, likewise
    std::uint64_t spins = 0;               ///< waits that began by spinning
    std::uint64_t spins_paid = 0;          ///< waits that ended while spinning
    std::uint64_t parks = 0;               ///< sleeps in the kernel
    std::uint64_t searches = 0;            ///< for others' work
    std::uint64_t probes = 0;              ///< shards looked at by them
    std::uint64_t searches_in_vain = 0;    ///< in a row, the last of them
    std::uint64_t thefts = 0;              ///< searches that brought some
    std::uint64_t items_stolen = 0;        ///< by this shard
    std::uint64_t searchers_woken = 0;     ///< by this shard, for work that lay about
    std::uint64_t contentions = 0;         ///< how often it found that others want its CPU
    std::uint64_t rescues = 0;             ///< by this shard, of others that were stuck
    std::uint64_t items_rescued = 0;       ///< brought by them
    std::uint64_t nudges = 0;              ///< of CPUs, for completions held back on them
    std::uint64_t bells_sent = 0;          ///< to other shards, through this shard's ring
    std::uint64_t bells_spared = 0;        ///< to sleepers another bell was on its way to
    std::uint64_t bells_from_outside = 0;  ///< to this shard, from threads without a ring
    std::uint64_t kernel_entries = 0;
    std::uint64_t cq_overflows = 0;  ///< entries that found completions the queue had no room for
    /// Refused here, because what was to be used belongs to another shard: a hop of a pinned task,
    /// a stream of another runtime's, a local task of one.
    std::uint64_t affinity_violations = 0;
    std::uint64_t tasks_alive = 0;
    std::uint64_t tasks_spawned = 0;
    std::uint64_t spawns_overloaded = 0;  ///< refused: `max_tasks` were alive here
    /// Those that started here, by placement: at a `placement::kind`.
    std::array<std::uint64_t, 6> spawned_as{};
    unsigned operations_in_flight = 0;
    std::uint64_t lifetime_ns = 0;  ///< since it started
    /// Of that, spent running tasks; an estimate, as the three below: of turns of items that take
    /// less than a microsecond every 85th is counted, for 85.
    std::uint64_t busy_ns = 0;
    time_histogram turn_time;  ///< what becomes ready waits no longer than this for a service
    time_histogram item_time;  ///< from resumption to suspension, the mean of each turn
    /// From the service that found an item ready to its run: that of one, anywhere in the line,
    /// counts for all of the turn, and every fourth of the turns that are not short for four. An
    /// item that is for later turns is taken to wait on at this one's pace.
    time_histogram ready_time;
    /// From a bell to the end of the sleep it ended: of every eighth bell of a source, the first
    /// among them.
    time_histogram wake_time;
    /// Adds up, but for searches_in_vain, which is the most of any.
    shard_stats& operator+=(const shard_stats& other) noexcept;
    /// 0 to 1.
    [[nodiscard]] double busy_ratio() const noexcept {
        return lifetime_ns == 0 ? 0
                                : static_cast<double>(busy_ns) / static_cast<double>(lifetime_ns);
    }
    /// Stealable items that ran on the shard where they became ready.
    [[nodiscard]] std::uint64_t local_hits() const noexcept {
        return stealable_run - std::min(stealable_run, items_stolen + items_rescued);
    }
    /// Part of the searches that brought something, 0 to 1.
    [[nodiscard]] double search_success() const noexcept {
        return searches == 0 ? 0 : static_cast<double>(thefts) / static_cast<double>(searches);
    }
};

}  // namespace spargio
