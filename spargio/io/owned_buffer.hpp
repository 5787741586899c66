#pragma once

#include <concepts>
#include <cstddef>
#include <ranges>
#include <span>
#include <type_traits>

#include "spargio/core/result.hpp"

namespace spargio {

/// A buffer an operation takes over and hands back: it owns bytes that stand in a row. A vector, a
/// string, an array, a buffer of one's own; a span owns nothing and is none.
template <class Buffer>
concept owned_buffer = std::movable<Buffer> && std::ranges::contiguous_range<Buffer> &&
                       std::ranges::sized_range<Buffer> && !std::ranges::borrowed_range<Buffer> &&
                       sizeof(std::ranges::range_value_t<Buffer>) == 1 &&
                       std::is_trivially_copyable_v<std::ranges::range_value_t<Buffer>>;

/// What became of an operation, and the buffer it was given, whatever became of it.
template <class T, owned_buffer Buffer>
struct with_buffer {
    result<T> outcome;
    Buffer buffer;
};

template <owned_buffer Buffer>
[[nodiscard]] std::span<std::byte> writable_bytes(Buffer& buffer) noexcept {
    return std::as_writable_bytes(std::span(std::ranges::data(buffer), std::ranges::size(buffer)));
}

template <owned_buffer Buffer>
[[nodiscard]] std::span<const std::byte> readable_bytes(const Buffer& buffer) noexcept {
    return std::as_bytes(std::span(std::ranges::data(buffer), std::ranges::size(buffer)));
}

}  // namespace spargio
