#pragma once

#include <netinet/in.h>

#include <cstring>

#include "spargio/net/socket_address.hpp"

namespace spargio::dns::detail {

/// The same internet address with another port.
[[nodiscard]] inline socket_address with_port(const socket_address& address,
                                              std::uint16_t port) noexcept {
    ::sockaddr_storage native{};
    std::memcpy(&native, address.data(), address.size());
    if (address.family() == AF_INET) {
        reinterpret_cast<::sockaddr_in&>(native).sin_port = htons(port);
    } else {
        reinterpret_cast<::sockaddr_in6&>(native).sin6_port = htons(port);
    }
    return socket_address::from_native(native, address.size());
}

}  // namespace spargio::dns::detail
