#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "spargio/shard/time_histogram.hpp"

namespace spargio {

/// What one shard has done since it started. A snapshot: the numbers are each exact, and taken a
/// few nanoseconds apart.
struct shard_stats {
    std::uint64_t turns = 0;               ///< of the loop
    std::uint64_t items_run = 0;           ///< resumptions, task starts and requests from elsewhere
    std::uint64_t stealable_run = 0;       ///< of these, what any shard could have run
    std::uint64_t forks_in_place = 0;      ///< run by who forked them, because nobody took them
    std::uint64_t posts_received = 0;      ///< items other threads handed over
    std::uint64_t messages_submitted = 0;  ///< by this shard, and to it by those that are none
    std::uint64_t messages_backpressured = 0;  ///< of such, refused for want of room
    std::uint64_t messages_failed = 0;         ///< direct ones that went to the mailbox instead
    std::uint64_t messages_received = 0;       ///< handed to who waits, but for counts
    std::uint64_t completions = 0;             ///< taken from the ring
    std::uint64_t attempts_succeeded = 0;      ///< operations done without the ring
    std::uint64_t attempts_in_vain = 0;
    std::uint64_t timers_fired = 0;
    std::uint64_t spins = 0;               ///< waits that began by spinning
    std::uint64_t spins_paid = 0;          ///< waits that ended while spinning
    std::uint64_t parks = 0;               ///< sleeps in the kernel
    std::uint64_t searches = 0;            ///< for others' work
    std::uint64_t probes = 0;              ///< shards looked at by them
    std::uint64_t searches_in_vain = 0;    ///< in a row, the last of them
    std::uint64_t thefts = 0;              ///< searches that brought some
    std::uint64_t items_stolen = 0;        ///< by this shard
    std::uint64_t searchers_woken = 0;     ///< by this shard, for work that lay about
    std::uint64_t items_rescued = 0;       ///< by this shard, of others that were stuck
    std::uint64_t nudges = 0;              ///< of CPUs, for completions held back on them
    std::uint64_t bells_sent = 0;          ///< to other shards, through this shard's ring
    std::uint64_t bells_spared = 0;        ///< to sleepers another bell was on its way to
    std::uint64_t bells_from_outside = 0;  ///< to this shard, from threads without a ring
    std::uint64_t kernel_entries = 0;
    std::uint64_t cq_overflows = 0;
    std::uint64_t tasks_alive = 0;
    std::uint64_t tasks_spawned = 0;
    /// Those that started here, by placement: at a `placement::kind`.
    std::array<std::uint64_t, 6> spawned_as{};
    unsigned operations_in_flight = 0;
    std::uint64_t lifetime_ns = 0;  ///< since it started
    /// Of that, spent running tasks; an estimate, as the two below: of turns of items that take
    /// less than a microsecond every 17th is timed, and counts for 17.
    std::uint64_t busy_ns = 0;
    time_histogram turn_time;  ///< what is ready waits no longer than this for its turn
    time_histogram item_time;  ///< from resumption to suspension, the mean of each turn
    /// 0 to 1.
    [[nodiscard]] double busy_ratio() const noexcept {
        return lifetime_ns == 0 ? 0
                                : static_cast<double>(busy_ns) / static_cast<double>(lifetime_ns);
    }
    /// Part of the searches that brought something, 0 to 1.
    [[nodiscard]] double search_success() const noexcept {
        return searches == 0 ? 0 : static_cast<double>(thefts) / static_cast<double>(searches);
    }
};

}  // namespace spargio
