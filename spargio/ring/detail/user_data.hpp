#pragma once

#include <cstdint>

#include "spargio/ring/operation.hpp"

namespace spargio::detail {

/// What a completion belongs to, in the low bits of its user data; the rest is a pointer or number.
/// The top byte, which is zero in every pointer of a program, holds an operation's generation.
enum class completion_tag : std::uint64_t {
    operation = 0,      // pointer: the operation
    cancel = 1,         // pointer: the operation a cancel was sent for
    bell = 2,           // somebody rang: nothing to do but to be awake
    bell_sent = 3,      // number: the target a bell could not be rung at
    bell_listener = 4,  // the eventfd read has ended and wants to be placed again
    message = 5,        // payload: of a message from another ring, whose result is its word
    message_sent = 6,   // number: the sender's own, of a message that arrived or was refused
};

inline constexpr std::uint64_t tag_mask = 7;
static_assert(alignof(operation) > tag_mask);

inline constexpr unsigned generation_shift = 56;

inline std::uint64_t user_data(completion_tag tag, const operation& op,
                               std::uint8_t generation) noexcept {
    const auto address = reinterpret_cast<std::uint64_t>(&op);
    SPARGIO_ASSERT(address >> generation_shift == 0);
    return address | static_cast<std::uint64_t>(tag) |
           std::uint64_t{generation} << generation_shift;
}
inline std::uint64_t user_data(completion_tag tag, std::uint64_t payload) noexcept {
    SPARGIO_ASSERT(payload >> 61 == 0);
    return payload << 3 | static_cast<std::uint64_t>(tag);
}
inline completion_tag tag_of(std::uint64_t data) noexcept {
    return static_cast<completion_tag>(data & tag_mask);
}
inline operation& operation_of(std::uint64_t data) noexcept {
    constexpr std::uint64_t address = ~tag_mask & ((std::uint64_t{1} << generation_shift) - 1);
    return *reinterpret_cast<operation*>(data & address);
}
inline std::uint8_t generation_of(std::uint64_t data) noexcept {
    return static_cast<std::uint8_t>(data >> generation_shift);
}
inline std::uint64_t payload_of(std::uint64_t data) noexcept {
    return data >> 3;
}
inline unsigned number_of(std::uint64_t data) noexcept {
    return static_cast<unsigned>(data >> 3);
}

}  // namespace spargio::detail
