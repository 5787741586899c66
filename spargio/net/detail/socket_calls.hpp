#pragma once

#include "spargio/net/socket_address.hpp"

namespace spargio::detail {

/// The socket calls that never wait, as results.
result<void> set_option(int socket, int level, int option, int value) noexcept;
[[nodiscard]] result<socket_address> local_address_of(int socket) noexcept;
[[nodiscard]] result<socket_address> peer_address_of(int socket) noexcept;

}  // namespace spargio::detail
