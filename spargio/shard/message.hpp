#pragma once

#include <cstdint>

namespace spargio {

/// A small message from one shard, or from a thread that is none, to another shard.
struct message {
    static constexpr unsigned no_shard = ~0u;

    unsigned source = no_shard;  ///< the sending shard
    std::uint32_t tag = 0;       ///< what kind of message; the application's own numbers
    std::uint64_t value = 0;
};

}  // namespace spargio
