#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/io/input_buffer.hpp"
#include "spargio/io/stream.hpp"

namespace spargio {

/// A stream with a buffer in front: few reads for many small pieces, lines, and pieces that are
/// looked at where they lie.
///
/// No call loses a byte to an error or a cancel: what came is in the buffer until it is consumed,
/// and a call that answered std::errc::operation_canceled can be made again. What a call yields as
/// a view is valid until the next one.
/// `Stream` may be a reference: buf_reader<tcp_stream&>.
/// Thread: one at a time, on any shard; it outlives what is awaited. Memory: `capacity` bytes from
/// the first read on.
template <async_read_stream Stream>
class buf_reader {
public:
    static constexpr std::size_t default_capacity = 8192;
    static constexpr std::size_t no_limit = ~std::size_t{0};

    /// \pre capacity > 0
    explicit buf_reader(Stream stream, std::size_t capacity = default_capacity)
        : stream_(std::forward<Stream>(stream)), capacity_(capacity) {
        SPARGIO_ASSERT(capacity > 0);
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// What was read from the stream and not consumed.
    [[nodiscard]] std::span<const std::byte> buffered() const noexcept { return input_.bytes(); }
    /// The stream behind the buffer. What is read from it directly overtakes what is buffered.
    [[nodiscard]] auto& stream() noexcept { return stream_; }

    /// Yields what is buffered; only if that is nothing it reads, and only at the end of the stream
    /// there is nothing then.
    [[nodiscard]] task<result<std::span<const std::byte>>> fill_buf() {
        if (input_.size() == 0) {
            const auto count = co_await read_more();
            if (!count)
                co_return failure(count.error());
        }
        co_return buffered();
    }
    /// Reads until `least` bytes are buffered, and yields all that are. Error: errc::end_of_stream
    /// when the stream ends before. \pre least <= capacity()
    [[nodiscard]] task<result<std::span<const std::byte>>> fill(std::size_t least) {
        SPARGIO_ASSERT(least <= capacity_);
        while (input_.size() < least) {
            const auto count = co_await read_more();
            if (!count)
                co_return failure(count.error());
            if (*count == 0)
                co_return failure(make_error_code(errc::end_of_stream));
        }
        co_return buffered();
    }
    /// Drops the first `count` bytes of those that are buffered.
    void consume(std::size_t count) noexcept { input_.drop(count); }

    /// Yields what is buffered, or what one read brings; 0 at the end of the stream. A large read
    /// goes past the empty buffer.
    [[nodiscard]] task<result<std::size_t>> read_some(std::span<std::byte> buffer) {
        SPARGIO_ASSERT(!buffer.empty());
        if (input_.size() == 0) {
            if (buffer.size() >= capacity_)
                co_return co_await stream_.read_some(buffer);
            const auto count = co_await read_more();
            if (!count)
                co_return failure(count.error());
        }
        const std::size_t taken = std::min(buffer.size(), input_.size());
        std::ranges::copy(buffered().first(taken), buffer.begin());
        consume(taken);
        co_return taken;
    }

    /// Yields what comes up to and including `delimiter`, and consumes it; at the end of the stream
    /// what is left, without one, and then nothing. Error: errc::line_too_long when there is no
    /// delimiter among the first `most` bytes, or as many as the capacity; they stay buffered.
    [[nodiscard]] task<result<std::span<const std::byte>>> read_until(std::byte delimiter,
                                                                      std::size_t most = no_limit) {
        most = std::min(most, capacity_);
        for (std::size_t searched = 0;;) {
            const auto there = buffered().first(std::min(input_.size(), most));
            const auto found = std::ranges::find(there.subspan(searched), delimiter);
            if (found != there.subspan(searched).end())
                co_return take(static_cast<std::size_t>(found - there.subspan(searched).begin()) +
                               searched + 1);
            if (there.size() == most)
                co_return failure(make_error_code(errc::line_too_long));
            searched = there.size();
            const auto count = co_await read_more();
            if (!count)
                co_return failure(count.error());
            if (*count == 0)
                co_return take(input_.size());
        }
    }
    /// Yields the next line without its end, which is "\n" or "\r\n" and counts towards `most`; the
    /// last one may have none. Nothing at the end of the stream. Error: errc::line_too_long, as
    /// read_until() has it.
    [[nodiscard]] task<result<std::optional<std::string_view>>>
    read_line(std::size_t most = no_limit) {
        const auto read = co_await read_until(std::byte{'\n'}, most);
        if (!read)
            co_return failure(read.error());
        if (read->empty())
            co_return std::nullopt;
        std::string_view line(reinterpret_cast<const char*>(read->data()), read->size());
        if (line.ends_with('\n')) {
            line.remove_suffix(1);
            if (line.ends_with('\r'))
                line.remove_suffix(1);
        }
        co_return line;
    }

private:
    [[nodiscard]] task<result<std::size_t>> read_more() {
        const auto count = co_await stream_.read_some(input_.room(capacity_));
        if (count)
            input_.came(*count);
        co_return count;
    }
    std::span<const std::byte> take(std::size_t count) noexcept {
        const auto taken = buffered().first(count);
        input_.drop(count);
        return taken;
    }

    Stream stream_;
    std::size_t capacity_;
    detail::input_buffer input_;
};

}  // namespace spargio
