#pragma once

#include <cstdint>

namespace bench {

/// One step of integer mixing, the same in every language and every variant.
constexpr auto mix(std::uint64_t x, std::uint64_t i) -> std::uint64_t {
    x = x * 6364136223846793005ULL + (1442695040888963407ULL ^ i);
    return x ^ (x >> 29);
}

/// The chain both ends of a ping-pong follow: what the receiver answers becomes the next value
/// sent, so no message can be skipped, reordered or answered twice without changing `sum`.
struct ping_chain {
    std::uint64_t value = 1;
    std::uint64_t sum = 0;

    /// What the receiver answers to `(tag, value)`.
    static constexpr auto answer(std::uint32_t tag, std::uint64_t value) -> std::uint64_t {
        return mix(value, tag);
    }
    constexpr void acknowledged(std::uint32_t tag, std::uint64_t reply) {
        sum = mix(sum ^ reply, tag);
        value = reply;
    }
};

}  // namespace bench
