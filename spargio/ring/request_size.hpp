#pragma once

#include <algorithm>
#include <cstddef>

namespace spargio {

/// The most one read or write moves, as in read(2); what is longer ends short and is continued.
inline constexpr std::size_t max_request_bytes = 0x7ffff000;

[[nodiscard]] constexpr unsigned request_size(std::size_t bytes) noexcept {
    return static_cast<unsigned>(std::min(bytes, max_request_bytes));
}

}  // namespace spargio
