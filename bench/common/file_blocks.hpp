#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <system_error>

#include "bench/common/mixing.hpp"

namespace bench {

/// Walks the 4 KiB blocks of the 16 MiB file in an order that no read-ahead guesses, and folds
/// the first and the last word of each block: enough to tell every block from every other.
class block_walk {
public:
    static constexpr std::size_t block_size = 4096;
    static constexpr std::uint64_t block_count = 4096;

    [[nodiscard]] static constexpr auto offset(std::uint64_t i) -> std::uint64_t {
        return (i * 1663 + 7) % block_count * block_size;
    }
    void fold(std::uint64_t i, std::span<const std::byte> block) {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        std::memcpy(&first, block.data(), sizeof first);
        std::memcpy(&last, block.data() + block_size - sizeof last, sizeof last);
        sum_ = mix(sum_ ^ first ^ last, i);
    }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_; }

private:
    std::uint64_t sum_ = 0;
};

using block = std::array<std::byte, block_walk::block_size>;

inline auto open_blocks(const std::string& path) -> int {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        throw std::system_error(errno, std::generic_category(), "open " + path);
    return fd;
}

}  // namespace bench
