#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "protocol.hpp"

namespace ingest {

using counter = std::atomic<std::uint64_t>;

inline void add(counter& to, std::uint64_t amount = 1) {
    to.fetch_add(amount, std::memory_order_relaxed);
}

/// What the sessions of one shard did; a cache line of its own, so that shards do not slow each
/// other down. Thread: written on its shard, read anywhere.
struct alignas(64) shard_counters {
    counter sessions;
    counter bytes;                              // of stored files
    std::array<counter, status_count> answers;  // by status
    counter vanished;                           // clients that went away inside a frame
    counter cut_off;                            // files that the drain deadline ended
};

/// What the accept loop did. Thread: written on its shard, read anywhere.
struct accept_counters {
    counter accepted;
    counter refused;  // answered `busy`
    counter pauses;   // waits because accept failed, out of descriptors for instance
};

struct counters {
    explicit counters(unsigned shards) : of_shard(shards) {}

    std::vector<shard_counters> of_shard;
    accept_counters accept;
};

}  // namespace ingest
