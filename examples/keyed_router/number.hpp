#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyed_router {

/// A whole decimal number, written as Redis writes it, or nothing: no sign but a minus, no zero in
/// front.
inline auto to_number(std::string_view text) -> std::optional<std::int64_t> {
    if ((text.size() > 1 && text.front() == '0') || text.starts_with("-0")) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    const auto read = std::from_chars(text.begin(), text.end(), value);
    if (read.ec != std::errc() || read.ptr != text.end()) {
        return std::nullopt;
    }
    return value;
}

/// ASCII letters alike in both cases.
constexpr auto same_word(std::string_view text, std::string_view upper) -> bool {
    if (text.size() != upper.size()) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace keyed_router
