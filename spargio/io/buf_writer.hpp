#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "spargio/core/task.hpp"
#include "spargio/io/stream.hpp"

namespace spargio {

/// A stream with a buffer in front: few writes for many small pieces. What is buffered reaches the
/// stream by flush(), or when the room runs out; not by the destructor, which cannot wait.
///
/// No call loses a byte to an error or a cancel: what the stream has not taken stays buffered, and
/// the next call goes on with it. `Stream` may be a reference.
/// Thread: one at a time, on any shard; it outlives what is awaited. Memory: `capacity` bytes from
/// the first write on.
template <async_write_stream Stream>
class buf_writer {
public:
    static constexpr std::size_t default_capacity = 8192;

    /// \pre capacity > 0
    explicit buf_writer(Stream stream, std::size_t capacity = default_capacity)
        : stream_(std::forward<Stream>(stream)), capacity_(capacity) {
        SPARGIO_ASSERT(capacity > 0);
    }

    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// What the stream has not taken yet.
    [[nodiscard]] std::span<const std::byte> buffered() const noexcept {
        return std::span(output_).subspan(written_);
    }
    /// The stream behind the buffer. What is written to it directly overtakes what is buffered.
    [[nodiscard]] auto& stream() noexcept { return stream_; }

    /// Takes all of `buffer` if it fits; if it does not, the buffer is flushed first, and what is
    /// as large as the buffer goes past it. \return bytes taken. An error is one of the stream's,
    /// and then nothing of `buffer` was taken. Use write_all() for all of it.
    [[nodiscard]] task<result<std::size_t>> write_some(std::span<const std::byte> buffer) {
        SPARGIO_ASSERT(!buffer.empty());
        if (buffer.size() > capacity_ - output_.size()) {
            const auto flushed = co_await flush();
            if (!flushed)
                co_return failure(flushed.error());
            if (buffer.size() >= capacity_)
                co_return co_await stream_.write_some(buffer);
        }
        output_.reserve(capacity_);
        output_.insert(output_.end(), buffer.begin(), buffer.end());
        co_return buffer.size();
    }

    /// Writes what is buffered. After an error the rest stays.
    [[nodiscard]] task<result<void>> flush() {
        while (!buffered().empty()) {
            const auto count = co_await stream_.write_some(buffered());
            if (!count)
                co_return failure(count.error());
            if (*count == 0)
                co_return failure(make_error_code(errc::nothing_written));
            written_ += *count;
        }
        output_.clear();
        written_ = 0;
        co_return result<void>{};
    }

private:
    Stream stream_;
    std::size_t capacity_;
    std::vector<std::byte> output_;
    std::size_t written_ = 0;  // of output_
};

}  // namespace spargio
