#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spargio/io/codec.hpp"

namespace spargio {

/// Frames that begin with their length.
struct length_delimited_options {
    unsigned length_bytes = 4;  ///< of the length itself: 1, 2, 4 or 8
    std::endian byte_order = std::endian::big;
    std::size_t max_frame = 8 * 1024 * 1024;  ///< bytes behind the length, at most
    /// What the length says beyond the bytes behind it: the size of the length itself, for
    /// protocols that count it.
    std::size_t counted_beside = 0;
};

/// A frame is a view of the bytes behind its length, and so is an item.
///
/// Errors: errc::frame_too_large, before any byte of such a frame is waited for; when encoding also
/// if its length does not fit in `length_bytes`. std::errc::bad_message: a length that is less than
/// what it counts beside.
/// Thread: any; it holds no state. Memory: none.
class length_delimited_codec {
public:
    using frame = std::span<const std::byte>;
    using item = std::span<const std::byte>;

    /// \pre `length_bytes` is 1, 2, 4 or 8
    explicit length_delimited_codec(length_delimited_options options = {}) noexcept;

    [[nodiscard]] result<decoded<frame>> decode(std::span<const std::byte> input) const noexcept;
    [[nodiscard]] result<void> encode(item bytes, std::vector<std::byte>& output) const;
    [[nodiscard]] std::size_t longest() const noexcept;

private:
    length_delimited_options options_;
    std::uint64_t largest_length_;  // that the length can say
};

}  // namespace spargio
