#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>

#include "bench/common/mixing.hpp"

namespace bench {

/// A 256-byte request and what must come back. The next request depends on this one's echo, and
/// the echo lands in a buffer of its own, so one that never came would change the checksum.
class echo_frame {
public:
    static constexpr std::size_t words = 32;

    void fill(std::uint64_t i) {
        request_[0] = value_;
        request_[words - 1] = ~value_ ^ i;
    }
    /// Folds the echo in; call once reply() is full.
    void echoed(std::uint64_t i) {
        sum_ = mix(sum_ ^ reply_[0] ^ reply_[words - 1], i);
        value_ = mix(reply_[0], i);
    }
    [[nodiscard]] auto sum() const -> std::uint64_t { return sum_; }
    auto request() -> std::span<const std::byte> { return std::as_bytes(std::span(request_)); }
    auto reply() -> std::span<std::byte> { return std::as_writable_bytes(std::span(reply_)); }

private:
    std::array<std::uint64_t, words> request_{};
    std::array<std::uint64_t, words> reply_{};
    std::uint64_t value_ = 1;
    std::uint64_t sum_ = 0;
};

/// A blocking connection to bench_peer, TCP_NODELAY set; the caller owns the descriptor.
inline auto connect_blocking(std::uint16_t port) -> int {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::system_error(errno, std::generic_category(), "connect to the echo peer");
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

}  // namespace bench
