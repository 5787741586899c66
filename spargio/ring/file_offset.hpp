#pragma once

#include <cstdint>
#include <limits>

namespace spargio {

/// A place in a file, as a request says it. All ones would stand for the descriptor's own cursor,
/// which nobody means: the place before it is as far beyond every file, and refused (EINVAL).
[[nodiscard]] constexpr std::uint64_t file_offset(std::uint64_t offset) noexcept {
    return offset == std::numeric_limits<std::uint64_t>::max() ? offset - 1 : offset;
}

}  // namespace spargio
