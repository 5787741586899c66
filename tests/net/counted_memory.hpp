#pragma once

#include <cstddef>

#include "../core/has_feature.hpp"

namespace spargio::net_test {

/// Thread sanitizer brings an operator new of its own, which no program can replace.
inline constexpr bool memory_is_counted = !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer);
/// Address sanitizer must see each frame come from and go back to the global allocator.
inline constexpr bool frames_are_recycled = !SPARGIO_TEST_HAS_FEATURE(address_sanitizer);

/// Calls of ::operator new in this program, so far.
[[nodiscard]] std::size_t allocations();
/// Bytes that are taken and not given back, as the allocator rounds them.
[[nodiscard]] std::size_t bytes_in_use();

}  // namespace spargio::net_test
