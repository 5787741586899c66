#pragma once

#include <cstdint>
#include <vector>

#include "spargio/shard/shard_stats.hpp"

namespace spargio {

/// What the threads for calls that block do, and did.
struct blocking_stats {
    unsigned threads = 0;          ///< that were started, now
    unsigned busy = 0;             ///< of these, in a call, now
    unsigned queued = 0;           ///< calls that wait for a thread, now
    std::uint64_t calls = 0;       ///< taken in; those that were taken back before they began, too
    std::uint64_t overloaded = 0;  ///< refused: all threads were busy and the queue full
};

/// A runtime's shards, one after another, and all that they have in common.
struct runtime_stats {
    std::vector<shard_stats> shards;  ///< by number
    shard_stats total;                ///< busy_ratio() is the mean of the shards'
    blocking_stats blocking;
};

}  // namespace spargio
