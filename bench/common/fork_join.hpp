#pragma once

#include <cstdint>

#include "bench/common/mixing.hpp"

namespace bench {

/// fork_join_fib: `items` is n. fork_join_skynet: `items` is the leaves, a power of this.
inline constexpr unsigned skynet_children = 10;

/// What an iteration of either ends with.
constexpr auto fork_join_checksum(std::uint64_t answer, std::uint64_t items) -> std::uint64_t {
    return mix(answer, items);
}

}  // namespace bench
