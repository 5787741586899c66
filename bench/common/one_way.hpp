#pragma once

#include <bit>
#include <cstdint>

#include "bench/common/mixing.hpp"

namespace bench {

/// What one_way workloads send and answer: `items` values, then a barrier with their sum.
struct one_way {
    static constexpr std::uint32_t value_tag = 1;
    static constexpr std::uint32_t barrier_tag = 2;
    static constexpr std::uint64_t lot = 64;  // of the batched ones

    static constexpr auto value(std::uint64_t k) -> std::uint64_t {
        return k * 0x9e3779b97f4a7c15ULL;
    }
    /// A sum that notices the order.
    static constexpr auto add(std::uint64_t sum, std::uint64_t value) -> std::uint64_t {
        return std::rotl(sum, 5) + value;
    }
    /// What the receiver answers to the barrier: the sum of its own and the one it was told.
    static constexpr auto answer(std::uint64_t received, std::uint64_t told) -> std::uint64_t {
        return mix(received, told);
    }
};

}  // namespace bench
