#pragma once

#include <cstdint>

#include "bench/common/mixing.hpp"

namespace bench {

// channel_mpmc_1m: `items` numbers go through one bounded channel; each of the senders has its
// share.
inline constexpr unsigned channel_senders = 4;  // and as many receivers
inline constexpr unsigned channel_capacity = 1024;

constexpr auto first_item(std::uint64_t items, unsigned sender) -> std::uint64_t {
    return items * sender / channel_senders;
}

/// What a receiver adds up: the order in which items come makes no difference to the sum.
constexpr auto received_value(std::uint64_t item) -> std::uint64_t {
    return mix(item, 1);
}

}  // namespace bench
