#pragma once

#include <cstdint>

namespace spargio {

/// What one shard has done since it started. A snapshot: the numbers are each exact, and taken a
/// few nanoseconds apart.
struct shard_stats {
    std::uint64_t turns = 0;               ///< of the loop
    std::uint64_t items_run = 0;           ///< resumptions, task starts and requests from elsewhere
    std::uint64_t posts_received = 0;      ///< items other threads handed over
    std::uint64_t messages_submitted = 0;  ///< by this shard, and to it by those that are none
    std::uint64_t messages_backpressured = 0;  ///< of such, refused for want of room
    std::uint64_t messages_failed = 0;         ///< direct ones that went to the mailbox instead
    std::uint64_t messages_received = 0;       ///< handed to who waits, but for counts
    std::uint64_t completions = 0;             ///< taken from the ring
    std::uint64_t attempts_succeeded = 0;      ///< operations done without the ring
    std::uint64_t attempts_in_vain = 0;
    std::uint64_t timers_fired = 0;
    std::uint64_t spins_paid = 0;          ///< waits that ended while spinning
    std::uint64_t parks = 0;               ///< sleeps in the kernel
    std::uint64_t searches = 0;            ///< for others' work
    std::uint64_t thefts = 0;              ///< searches that brought some
    std::uint64_t items_stolen = 0;        ///< by this shard
    std::uint64_t searchers_woken = 0;     ///< by this shard, for work that lay about
    std::uint64_t items_rescued = 0;       ///< by this shard, of others that were stuck
    std::uint64_t nudges = 0;              ///< of CPUs, for completions held back on them
    std::uint64_t bells_sent = 0;          ///< to other shards, through this shard's ring
    std::uint64_t bells_from_outside = 0;  ///< to this shard, from threads without a ring
    std::uint64_t kernel_entries = 0;
    std::uint64_t cq_overflows = 0;
    std::uint64_t tasks_alive = 0;
    std::uint64_t tasks_spawned = 0;
    unsigned operations_in_flight = 0;
};

}  // namespace spargio
