#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "spargio/io/stream.hpp"

namespace spargio {

/// The half of a split stream that reads. The stream is destroyed with the later half; if one is
/// to end before, it says so by shutdown().
/// Thread: each half one at a time, on any shard; the two at once.
template <async_read_stream Stream>
class read_half {
public:
    /// \pre there is one, for which nobody else reads
    explicit read_half(std::shared_ptr<Stream> whole) noexcept : stream_(std::move(whole)) {}

    [[nodiscard]] auto read_some(std::span<std::byte> buffer) { return stream_->read_some(buffer); }

private:
    std::shared_ptr<Stream> stream_;
};

/// The half that writes; as read_half has it.
template <async_write_stream Stream>
class write_half {
public:
    /// \pre there is one, to which nobody else writes
    explicit write_half(std::shared_ptr<Stream> whole) noexcept : stream_(std::move(whole)) {}

    [[nodiscard]] auto write_some(std::span<const std::byte> buffer) {
        return stream_->write_some(buffer);
    }
    /// Ends this direction: the other side reads the end of the stream.
    [[nodiscard]] auto shutdown() { return stream_->shutdown(shutdown_how::write); }

private:
    std::shared_ptr<Stream> stream_;
};

/// Two halves that are used at the same time, by tasks on different shards if need be: one reads,
/// one writes. One allocation. \return a pair of read_half and write_half
template <async_duplex_stream Stream>
[[nodiscard]] auto split(Stream stream) {
    auto shared = std::make_shared<Stream>(std::move(stream));
    return std::pair(read_half<Stream>(shared), write_half<Stream>(shared));
}

}  // namespace spargio
