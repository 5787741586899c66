#pragma once

#include <cstddef>

#include "has_feature.hpp"

namespace spargio::test {

/// Thread sanitizer brings an operator new of its own, which no program can replace.
inline constexpr bool global_allocations_are_counted = !SPARGIO_TEST_HAS_FEATURE(thread_sanitizer);

/// Address sanitizer must see each block come from and go back to the global allocator.
inline constexpr bool frames_are_recycled = !SPARGIO_TEST_HAS_FEATURE(address_sanitizer);

/// Calls of ::operator new in this program, so far; always 0 where they are not counted.
[[nodiscard]] std::size_t global_allocations();
/// Those that were not given back yet.
[[nodiscard]] std::size_t global_blocks_in_use();

}  // namespace spargio::test
