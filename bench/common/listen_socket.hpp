#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace bench {

/// A non-blocking listener on a free port of 127.0.0.1.
class listen_socket {
public:
    listen_socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
        auto* const address = reinterpret_cast<sockaddr*>(&at);
        if (fd_ < 0 || ::bind(fd_, address, size) != 0 || ::listen(fd_, 4096) != 0 ||
            ::getsockname(fd_, address, &size) != 0)
            throw std::system_error(errno, std::generic_category(), "listen");
        port_ = ntohs(at.sin_port);
    }
    listen_socket(const listen_socket&) = delete;
    auto operator=(const listen_socket&) -> listen_socket& = delete;
    ~listen_socket() { ::close(fd_); }

    [[nodiscard]] auto fd() const -> int { return fd_; }
    [[nodiscard]] auto port() const -> std::uint16_t { return port_; }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

}  // namespace bench
