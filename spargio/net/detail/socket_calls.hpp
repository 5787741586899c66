#pragma once

#include "spargio/io/descriptor.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/net/socket_address.hpp"

namespace spargio::detail {

/// As large as an option can be.
[[nodiscard]] int option_value(std::size_t value) noexcept;

/// The socket calls that never wait, as results.
result<void> set_option(int socket, int level, int option, int value) noexcept;
[[nodiscard]] result<int> option_of(int socket, int level, int option) noexcept;
[[nodiscard]] result<socket_address> local_address_of(int socket) noexcept;
[[nodiscard]] result<socket_address> peer_address_of(int socket) noexcept;

/// A new socket of `type` (SOCK_STREAM, ...) that has taken `address`.
[[nodiscard]] result<descriptor> bound_socket(int type, const socket_address& address,
                                              const bind_options& options) noexcept;

}  // namespace spargio::detail
