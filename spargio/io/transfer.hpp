#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spargio/core/task.hpp"
#include "spargio/io/stream.hpp"

// Streams and buffers are passed by reference: they outlive the await.

namespace spargio {

/// Fills `buffer`. Error beside read_some()'s: errc::end_of_stream when the stream ends before.
/// After an error, operation_canceled too, it is not told how much of the buffer was filled; where
/// that matters, buf_reader::fill() keeps what came.
template <async_read_stream Stream>
[[nodiscard]] task<result<void>> read_exact(Stream& stream, std::span<std::byte> buffer) {
    while (!buffer.empty()) {
        const auto count = co_await stream.read_some(buffer);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::end_of_stream));
        buffer = buffer.subspan(*count);
    }
    co_return result<void>{};
}

/// Writes all of `buffer`. Error beside write_some()'s: errc::nothing_written when the stream takes
/// nothing. After an error, operation_canceled too, some of it may have been written; where that
/// matters, buf_writer keeps the rest.
template <async_write_stream Stream>
[[nodiscard]] task<result<void>> write_all(Stream& stream, std::span<const std::byte> buffer) {
    while (!buffer.empty()) {
        const auto count = co_await stream.write_some(buffer);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::nothing_written));
        buffer = buffer.subspan(*count);
    }
    co_return result<void>{};
}

/// Appends everything up to the end of the stream to `into`, at most `limit` bytes.
/// \return how many. Error beside read_some()'s: errc::limit_exceeded when there is more; bytes
/// beyond the limit may have been taken from the stream. After any error `into` holds what was read
/// so far, and after operation_canceled the call can be made again.
template <async_read_stream Stream>
[[nodiscard]] task<result<std::size_t>> read_to_end(Stream& stream, std::vector<std::byte>& into,
                                                    std::size_t limit) {
    constexpr std::size_t least = 4096, most = 65'536;
    const std::size_t before = into.size();
    for (;;) {
        // One byte beyond the limit tells whether there is more.
        const std::size_t read = into.size() - before;
        const std::size_t room = std::clamp(read, least, most);
        into.resize(into.size() + (room <= limit - read ? room : limit - read + 1));
        const auto count = co_await stream.read_some(std::span(into).subspan(before + read));
        into.resize(before + read + count.value_or(0));
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return read;
        if (into.size() - before > limit) {
            into.resize(before + limit);
            co_return failure(make_error_code(errc::limit_exceeded));
        }
    }
}

}  // namespace spargio
