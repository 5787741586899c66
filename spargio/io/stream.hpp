#pragma once

#include <cstddef>
#include <span>

#include "spargio/core/awaitable.hpp"
#include "spargio/core/result.hpp"
#include "spargio/io/shutdown_how.hpp"

namespace spargio {

/// Bytes that come one after the other: `read_some(buffer)` yields the number of bytes it put into
/// `buffer`, at least one, or 0 at the end of the stream. `buffer` is not empty and outlives the
/// await; one reader at a time. Answers std::errc::operation_canceled only if nothing was read.
template <class Stream>
concept async_read_stream = requires(Stream& stream, std::span<std::byte> buffer) {
    { stream.read_some(buffer) } -> awaitable_of<result<std::size_t>>;
};

/// The same the other way: `write_some(buffer)` yields how many bytes of `buffer` it took, at least
/// one.
template <class Stream>
concept async_write_stream = requires(Stream& stream, std::span<const std::byte> buffer) {
    { stream.write_some(buffer) } -> awaitable_of<result<std::size_t>>;
};

/// Both ways, and each way can be ended by itself: the other side then reads the end of the stream.
template <class Stream>
concept async_duplex_stream = async_read_stream<Stream> && async_write_stream<Stream> &&
    requires(Stream& stream) {
    { stream.shutdown(shutdown_how::write) } -> awaitable_of<result<void>>;
};

/// A stream with a buffer that can be looked into: `fill_buf()` yields the bytes that are there,
/// none at the end of the stream only, and `consume(count)` drops the first of them.
template <class Stream>
concept async_buffered_stream = async_read_stream<Stream> &&
    requires(Stream& stream, std::size_t count) {
    { stream.fill_buf() } -> awaitable_of<result<std::span<const std::byte>>>;
    stream.consume(count);
};

}  // namespace spargio
