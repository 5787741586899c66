#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "spargio/core/result.hpp"

namespace spargio {

/// What a codec makes of the bytes at the front of a stream: a frame and how many bytes it took; or
/// none, since more are needed.
template <class Frame>
struct decoded {
    std::optional<Frame> frame;
    /// With a frame: the bytes it took, one at least. Without: how many are worth another try,
    /// counted from the front; 0: any more.
    std::size_t size = 0;
};

/// How bytes are cut into frames, by whoever implements this:
///
/// - `frame`: what decode() yields; it may be a view into `input`, and is valid as long as that.
/// - `item`: what encode() takes.
/// - `decode(input)` looks at the front of the stream. It is called again with the same bytes and
///   more behind them, until it yields a frame or an error. It should say by errc::frame_too_large
///   as soon as it knows that a frame is too long.
/// - `encode(item, output)` appends a frame to `output`, or answers an error, or throws; what it
///   appended then is taken back.
/// - `longest()`: the most bytes a frame takes in the stream; more are never waited for, though a
///   read may bring more.
/// - optional, `decode_last(input)`: what the bytes in front of the end of the stream are, `input`
///   not empty. Without it they are errc::end_of_stream.
/// Thread: the two directions may be used at once.
template <class Codec>
concept frame_codec = requires(Codec& codec, std::span<const std::byte> input,
                               const typename Codec::item& item, std::vector<std::byte>& output) {
    { codec.decode(input) } -> std::same_as<result<decoded<typename Codec::frame>>>;
    { codec.encode(item, output) } -> std::same_as<result<void>>;
    { codec.longest() } -> std::convertible_to<std::size_t>;
};

}  // namespace spargio
