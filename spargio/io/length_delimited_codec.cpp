#include "spargio/io/length_delimited_codec.hpp"

#include <cerrno>
#include <limits>

#include "spargio/core/assert.hpp"

namespace spargio {

length_delimited_codec::length_delimited_codec(length_delimited_options options) noexcept
    : options_(options),
      largest_length_(std::numeric_limits<std::uint64_t>::max() >>
                      (64 - 8 * options.length_bytes)) {
    SPARGIO_ASSERT(std::has_single_bit(options.length_bytes) && options.length_bytes <= 8);
}

result<decoded<length_delimited_codec::frame>>
length_delimited_codec::decode(std::span<const std::byte> input) const noexcept {
    const std::size_t header = options_.length_bytes;
    if (input.size() < header)
        return decoded<frame>{.size = header};
    std::uint64_t length = 0;
    for (std::size_t i = 0; i != header; ++i) {
        const std::size_t next = options_.byte_order == std::endian::big ? i : header - 1 - i;
        length = length << 8 | std::to_integer<std::uint64_t>(input[next]);
    }
    if (length < options_.counted_beside)
        return failure(EBADMSG);
    length -= options_.counted_beside;
    if (length > longest() - header)
        return failure(make_error_code(errc::frame_too_large));
    const std::size_t size = header + static_cast<std::size_t>(length);
    if (input.size() < size)
        return decoded<frame>{.size = size};
    return decoded<frame>{input.subspan(header, static_cast<std::size_t>(length)), size};
}

result<void> length_delimited_codec::encode(item bytes, std::vector<std::byte>& output) const {
    if (bytes.size() > options_.max_frame || bytes.size() > largest_length_ ||
        options_.counted_beside > largest_length_ - bytes.size())
        return failure(make_error_code(errc::frame_too_large));
    const std::uint64_t length = bytes.size() + options_.counted_beside;
    const unsigned header = options_.length_bytes;
    for (unsigned i = 0; i != header; ++i) {
        const unsigned place = options_.byte_order == std::endian::big ? header - 1 - i : i;
        output.push_back(static_cast<std::byte>(length >> (8 * place)));
    }
    output.insert(output.end(), bytes.begin(), bytes.end());
    return {};
}

std::size_t length_delimited_codec::longest() const noexcept {
    const std::size_t header = options_.length_bytes;
    return options_.max_frame > std::numeric_limits<std::size_t>::max() - header
               ? std::numeric_limits<std::size_t>::max()
               : options_.max_frame + header;
}

}  // namespace spargio
