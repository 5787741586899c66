#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/tcp_stream.hpp"

namespace ingest {

/// What a client has sent and nobody has taken yet.
/// Thread: the session's task. Limit: `capacity` bytes; the rest waits in the kernel and, past
/// that, at the client.
class inbound {
public:
    /// \pre stream outlives this.
    inbound(spargio::tcp_stream& stream, std::size_t capacity,
            std::chrono::milliseconds idle_timeout)
        : stream_(stream), idle_timeout_(idle_timeout), buffer_(capacity) {}

    /// Looks at the next `wanted` bytes without taking them; fewer only at end of stream.
    /// \return errors: timed_out when nothing arrived for the idle time, those of read_some.
    ///         A cancelled wait loses nothing.
    /// \pre 0 < wanted <= capacity(). The bytes stay valid until the next peek().
    auto peek(std::size_t wanted) -> spargio::task<spargio::result<std::span<const std::byte>>>;

    /// Takes bytes that peek() showed.
    void consume(std::size_t bytes) { begin_ += bytes; }

    auto capacity() const -> std::size_t { return buffer_.size(); }
    auto is_empty() const -> bool { return begin_ == end_; }

    /// Throws away what is here and what comes, until end of stream, an error or the limit.
    auto discard(std::size_t limit) -> spargio::task<spargio::result<void>>;

private:
    auto read_more(std::span<std::byte> into) -> spargio::task<spargio::result<std::size_t>>;

    spargio::tcp_stream& stream_;
    std::chrono::milliseconds idle_timeout_;
    std::vector<std::byte> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace ingest
