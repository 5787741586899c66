#pragma once

#include <cstdint>
#include <vector>

#include "bench/common/mixing.hpp"

namespace bench {

/// Callers of one worker that have a call each under way to the other, all the time.
inline constexpr std::uint64_t callers = 32;

/// What is called on the other worker.
constexpr auto called(std::uint64_t value, std::uint64_t number) -> std::uint64_t {
    return mix(value, number);
}

/// What one caller goes through: each call is made with what the last one answered.
struct call_chain {
    std::uint64_t value;
};

inline auto make_call_chains() -> std::vector<call_chain> {
    std::vector<call_chain> chains;
    for (std::uint64_t c = 0; c < callers; ++c)
        chains.push_back({c + 1});
    return chains;
}

inline auto checksum(const std::vector<call_chain>& chains) -> std::uint64_t {
    std::uint64_t sum = 0;
    for (std::uint64_t c = 0; c < callers; ++c)
        sum = mix(sum ^ chains[c].value, c);
    return sum;
}

}  // namespace bench
