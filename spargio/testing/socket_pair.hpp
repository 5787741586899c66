#pragma once

#include <utility>

#include "spargio/core/result.hpp"

namespace spargio::testing {

/// Two connected sockets of the real kernel, closed with the pair unless released.
/// Thread: as for the descriptors. Limit: the process's descriptors (EMFILE).
class socket_pair {
public:
    /// Two ends of a Unix stream.
    [[nodiscard]] static result<socket_pair> unix_stream();
    /// A TCP connection over the loopback, without delays (TCP_NODELAY). `buffer_bytes`, if not 0,
    /// bounds what is on its way (SO_SNDBUF, SO_RCVBUF), to make transfers short.
    [[nodiscard]] static result<socket_pair> tcp(int buffer_bytes = 0);

    socket_pair(socket_pair&& other) noexcept
        : first_(std::exchange(other.first_, -1)), second_(std::exchange(other.second_, -1)) {}
    socket_pair& operator=(socket_pair&&) = delete;
    ~socket_pair();

    [[nodiscard]] int first() const noexcept { return first_; }
    [[nodiscard]] int second() const noexcept { return second_; }
    /// The descriptor, now the caller's to close.
    [[nodiscard]] int release_first() noexcept { return std::exchange(first_, -1); }
    [[nodiscard]] int release_second() noexcept { return std::exchange(second_, -1); }

private:
    socket_pair(int first, int second) noexcept : first_(first), second_(second) {}

    int first_;
    int second_;
};

}  // namespace spargio::testing
