#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "spargio/core/task.hpp"
#include "spargio/io/codec.hpp"
#include "spargio/io/input_buffer.hpp"
#include "spargio/io/stream.hpp"

namespace spargio {

/// A stream of frames, as `Codec` cuts them.
///
/// No call loses a byte to an error or a cancel: what came stays buffered until it is a frame, what
/// is to go stays buffered until the stream took it, and a call that answered
/// std::errc::operation_canceled can be made again (send() as flush()). After an error of the
/// codec's, next() answers the same again: where the next frame begins is not known.
/// `Stream` may be a reference, and a half of a stream that was split.
/// Thread: one at a time reads, one writes, on any shard, both at once if the stream and the codec
/// allow; it outlives what is awaited. Memory: `first_read` bytes from the first read on; more for
/// frames that need it, up to Codec::longest(), and for what is to be written, `most_queued` bytes
/// or one frame.
template <class Stream, frame_codec Codec>
requires(async_read_stream<Stream> || async_write_stream<Stream>) class framed {
public:
    using frame = typename Codec::frame;
    using item = typename Codec::item;
    static constexpr std::size_t first_read = 4096;
    static constexpr std::size_t most_queued = 65'536;

    explicit framed(Stream stream, Codec codec = Codec())
        : stream_(std::forward<Stream>(stream)), codec_(std::move(codec)) {}

    [[nodiscard]] Codec& codec() noexcept { return codec_; }
    /// The stream behind it. What is read from it directly overtakes what is buffered.
    [[nodiscard]] auto& stream() noexcept { return stream_; }

    /// Yields the next frame, or none at the end of the stream. A frame that is a view is valid
    /// until the next call. Errors: the codec's; errc::frame_too_large past Codec::longest();
    /// errc::end_of_stream in the middle of a frame; the stream's.
    [[nodiscard]] task<result<std::optional<frame>>> next() requires async_read_stream<Stream> {
        for (;;) {
            std::size_t wanted = 0;
            if (input_.size() != 0) {
                auto cut = codec_.decode(input_.bytes());
                if (!cut)
                    co_return failure(cut.error());
                if (cut->frame) {
                    SPARGIO_ASSERT(cut->size > 0);
                    input_.drop(cut->size);
                    co_return std::move(cut->frame);
                }
                wanted = cut->size;
            }
            if (std::max(wanted, input_.size() + 1) > codec_.longest())
                co_return failure(make_error_code(errc::frame_too_large));
            const auto count = co_await read_more(wanted);
            if (!count)
                co_return failure(count.error());
            if (*count == 0)
                co_return last();
        }
    }

    /// Writes `what`, and before it what is queued. Errors: the codec's, and then nothing was
    /// written of it; the stream's, and then flush() goes on, in the middle of the frame if need
    /// be.
    [[nodiscard]] task<result<void>> send(item what) requires async_write_stream<Stream> {
        const auto encoded = encode(what);
        if (!encoded)
            co_return failure(encoded.error());
        co_return co_await flush();
    }
    /// Has `what` written by the next flush() or send(). Errors: the codec's; errc::backpressure
    /// when more than `most_queued` bytes would be queued. Then it is not queued.
    [[nodiscard]] result<void> queue(const item& what) requires async_write_stream<Stream> {
        const std::size_t before = queued();
        if (auto encoded = encode(what); !encoded)
            return encoded;
        if (before == 0 || queued() <= most_queued)
            return {};
        output_.resize(written_ + before);
        return failure(make_error_code(errc::backpressure));
    }
    /// Writes what is queued. After an error the rest stays queued.
    [[nodiscard]] task<result<void>> flush() requires async_write_stream<Stream> {
        while (queued() != 0) {
            const auto count = co_await stream_.write_some(std::span(output_).subspan(written_));
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
    /// Bytes that the stream has not taken yet.
    [[nodiscard]] std::size_t queued() const noexcept { return output_.size() - written_; }

private:
    [[nodiscard]] task<result<std::size_t>> read_more(std::size_t wanted) {
        const std::size_t most = std::max(codec_.longest(), first_read);
        // Where the codec does not say what it needs, twice as much each time.
        const std::size_t enough = wanted != 0 ? wanted : std::min(most, 2 * input_.size());
        const auto room = input_.room(std::max({enough, input_.size() + 1, first_read}));
        const auto count = co_await stream_.read_some(room);
        if (count)
            input_.came(*count);
        co_return count;
    }
    [[nodiscard]] result<std::optional<frame>> last() {
        if (input_.size() == 0)
            return std::nullopt;
        if constexpr (requires { codec_.decode_last(input_.bytes()); }) {
            auto left = codec_.decode_last(input_.bytes());
            if (!left)
                return failure(left.error());
            input_.drop(input_.size());
            return std::move(*left);
        } else {
            return failure(make_error_code(errc::end_of_stream));
        }
    }
    [[nodiscard]] result<void> encode(const item& what) {
        // Under a writer that is always a little behind, the queue may never be empty.
        output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written_));
        written_ = 0;
        const std::size_t before = output_.size();
        try {
            auto encoded = codec_.encode(what, output_);
            if (!encoded)
                output_.resize(before);
            return encoded;
        } catch (...) {
            output_.resize(before);
            throw;
        }
    }

    Stream stream_;
    Codec codec_;
    detail::input_buffer input_;
    std::vector<std::byte> output_;
    std::size_t written_ = 0;  // of output_
};

}  // namespace spargio
