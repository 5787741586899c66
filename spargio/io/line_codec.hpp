#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "spargio/io/codec.hpp"

namespace spargio {

/// Lines: they end with "\n" or "\r\n", the last one perhaps with the stream. A frame is a line
/// without its end; an item gets "\n". A small codec, to begin others from.
///
/// Errors: errc::line_too_long, for lines of more than `max_line` bytes, their end included;
/// std::errc::invalid_argument for an item with a line's end in it.
/// Thread: any for encoding; decoding remembers how far it looked. Memory: none.
class line_codec {
public:
    using frame = std::string_view;
    using item = std::string_view;

    explicit line_codec(std::size_t max_line = 8192) noexcept : max_line_(max_line) {}

    [[nodiscard]] result<decoded<frame>> decode(std::span<const std::byte> input) noexcept;
    [[nodiscard]] result<frame> decode_last(std::span<const std::byte> input) noexcept;
    [[nodiscard]] result<void> encode(item line, std::vector<std::byte>& output) const;
    [[nodiscard]] std::size_t longest() const noexcept { return max_line_; }

private:
    std::size_t max_line_;
    std::size_t looked_at_ = 0;  // at the front of the input, without finding an end
};

}  // namespace spargio
