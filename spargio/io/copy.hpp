#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "spargio/core/when_all.hpp"
#include "spargio/io/buf_reader.hpp"

// Streams are passed by reference: they outlive the await.

namespace spargio {

inline constexpr std::size_t copy_buffer_size = 16'384;

/// Copies up to the end of `from`. \return bytes copied. Errors: those of either stream.
/// Bytes that `to` did not take stay in the buffer of `from`: after an error, operation_canceled
/// too, nothing is lost, and the call can be made again.
template <async_buffered_stream From, async_write_stream To>
[[nodiscard]] task<result<std::uint64_t>> copy(From& from, To& to) {
    std::uint64_t copied = 0;
    for (;;) {
        const auto bytes = co_await from.fill_buf();
        if (!bytes)
            co_return failure(bytes.error());
        if (bytes->empty())
            co_return copied;
        const auto count = co_await to.write_some(*bytes);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::nothing_written));
        from.consume(*count);
        copied += *count;
    }
}

/// The same through a buffer of its own, of `buffer` bytes; after an error, operation_canceled too,
/// what was read and not yet written is lost with it.
template <async_read_stream From, async_write_stream To>
requires(!async_buffered_stream<From>)
    [[nodiscard]] task<result<std::uint64_t>> copy(From& from, To& to,
                                                   std::size_t buffer = copy_buffer_size) {
    buf_reader<From&> reader(from, buffer);
    co_return co_await copy(reader, to);
}

namespace detail {

/// One direction: to the end, which is then passed on. An error ends the other direction too.
template <class From, class To>
task<result<std::uint64_t>> pass_on(From& from, To& to, std::size_t buffer) {
    auto copied = co_await copy(from, to, buffer);
    if (copied) {
        const auto ended = co_await to.shutdown(shutdown_how::write);
        if (!ended && ended.error() != std::errc::not_connected)
            copied = failure(ended.error());
    }
    if (!copied && copied.error() != std::errc::operation_canceled) {
        (void)co_await from.shutdown(shutdown_how::both);
        (void)co_await to.shutdown(shutdown_how::both);
    }
    co_return copied;
}

}  // namespace detail

/// Copies both ways at once, each to its end, which is passed on to the other side. \return bytes
/// copied from `first` to `second`, and back. An error of either way shuts both streams down and is
/// the answer when both ways have ended. Memory: two buffers of `buffer` bytes.
template <async_duplex_stream First, async_duplex_stream Second>
[[nodiscard]] task<result<std::pair<std::uint64_t, std::uint64_t>>>
copy_bidirectional(First& first, Second& second, std::size_t buffer = copy_buffer_size) {
    const auto [there, back] = co_await when_all(detail::pass_on(first, second, buffer),
                                                 detail::pass_on(second, first, buffer));
    if (!there)
        co_return failure(there.error());
    if (!back)
        co_return failure(back.error());
    co_return std::pair(*there, *back);
}

}  // namespace spargio
