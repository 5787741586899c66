#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bench/common/mixing.hpp"

namespace bench {

struct keyed_count {
    std::uint32_t key;
    std::uint32_t count;
};

/// 1,024 keys of two owners, the even ones' and the odd ones'.
inline constexpr std::uint32_t count_keys = 1024;
inline constexpr unsigned count_owners = 2;

constexpr auto owner_of(std::uint32_t key) -> unsigned {
    return key % count_owners;
}

/// The 16 counts of an echo.
constexpr auto counts_of(std::uint64_t value) -> std::array<keyed_count, 16> {
    std::array<keyed_count, 16> counts{};
    for (std::uint64_t j = 0; j < counts.size(); ++j) {
        const std::uint64_t x = mix(value, j);
        counts[j] = {static_cast<std::uint32_t>(x >> 40) % count_keys,
                     1 + static_cast<std::uint32_t>(x) % 8};
    }
    return counts;
}

/// What an owner's keys add up to.
/// Thread: the owner's, or whoever waited for it.
struct alignas(64) count_table {
    std::array<std::uint64_t, count_keys> totals{};

    void add(keyed_count c) { totals[c.key] += c.count; }
};

inline auto sum_of(std::span<const count_table, count_owners> tables) -> std::uint64_t {
    std::uint64_t sum = 0;
    for (std::uint32_t key = 0; key < count_keys; ++key)
        sum = mix(sum ^ tables[owner_of(key)].totals[key], key);
    return sum;
}

}  // namespace bench
