#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace spargio::test {

/// How much native stack lay between the shallowest and the deepest place it was called from.
class stack_probe {
public:
    [[gnu::noinline]] void look() {
        const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest_ = std::min(lowest_, here);
        highest_ = std::max(highest_, here);
    }
    [[nodiscard]] std::size_t bytes() const { return highest_ - lowest_; }

private:
    std::uintptr_t lowest_ = std::numeric_limits<std::uintptr_t>::max();
    std::uintptr_t highest_ = 0;
};

/// What the capped number of in-place transfers may take: about 1 KiB each, in the worst build.
inline constexpr std::size_t stack_allowed = std::size_t{256} << 10;

}  // namespace spargio::test
