#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "spargio/core/result.hpp"

namespace spargio {

/// An internet address with its port, version 4 or 6.
class socket_address {
public:
    socket_address() noexcept;

    /// "127.0.0.1:80" or "[::1]:80", with an optional scope as in "[fe80::1%eth0]:80". Never asks a
    /// name server. Error: std::errc::invalid_argument.
    [[nodiscard]] static result<socket_address> parse(std::string_view text);
    /// From an address without port, either version. Error: std::errc::invalid_argument.
    [[nodiscard]] static result<socket_address> parse(std::string_view host, std::uint16_t port);
    [[nodiscard]] static socket_address loopback_v4(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address any_v4(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address loopback_v6(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address any_v6(std::uint16_t port) noexcept;
    /// Takes a kernel's address over; empty when it is of another family.
    [[nodiscard]] static socket_address from_native(const ::sockaddr_storage& native) noexcept;

    /// AF_INET or AF_INET6; AF_UNSPEC when empty.
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] const ::sockaddr* data() const noexcept {
        return reinterpret_cast<const ::sockaddr*>(&storage_);
    }
    [[nodiscard]] ::socklen_t size() const noexcept;

    friend bool operator==(const socket_address& left, const socket_address& right) noexcept;

private:
    ::sockaddr_storage storage_;
};

/// What parse() reads; "unspecified" for an empty address.
[[nodiscard]] std::string to_string(const socket_address& address);

}  // namespace spargio
