#pragma once

#include <filesystem>

namespace spargio::detail {

/// Paths reach the kernel as C strings: one with a zero byte in it would name another file.
[[nodiscard]] inline bool has_zero_byte(const std::filesystem::path& path) noexcept {
    return path.native().find('\0') != std::filesystem::path::string_type::npos;
}

}  // namespace spargio::detail
