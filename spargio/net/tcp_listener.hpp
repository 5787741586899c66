#pragma once

#include "spargio/net/tcp_accept_stream.hpp"
#include "spargio/net/tcp_stream.hpp"

namespace spargio {

struct listen_options {
    int backlog = 1024;              ///< connections the kernel completes before they are accepted
    bool reuse_address = true;       ///< bind again at once after an exit (SO_REUSEADDR)
    bool reuse_port = false;         ///< several listeners share the port (SO_REUSEPORT)
    bool v6_only = false;            ///< of version 6: no version 4 peers (IPV6_V6ONLY)
    std::size_t receive_buffer = 0;  ///< of accepted connections; 0: the kernel's choice
    std::size_t send_buffer = 0;
};

/// Accepts TCP connections; see stream_listener.
class tcp_listener final : public stream_listener<tcp_stream> {
public:
    tcp_listener(tcp_listener&&) noexcept = default;
    tcp_listener& operator=(tcp_listener&&) noexcept = default;

    /// Listens at `address`; port 0 takes a free one. Does not wait. Errors:
    /// std::errc::address_in_use, address_not_available, permission_denied, too_many_files_open,
    /// address_family_not_supported, ... Source: socket(2), bind(2), listen(2).
    [[nodiscard]] static result<tcp_listener> bind(const socket_address& address,
                                                   const listen_options& options = {});
    /// Takes over a socket that listens, such as one a parent process passed on; it is made
    /// blocking and close-on-exec. On an error `number` stays the caller's.
    [[nodiscard]] static result<tcp_listener> from_fd(int number);

    /// Accepts one connection after another with one request: what a busy listener is to use.
    /// The listener is open until that has gone, and nobody else accepts. Error:
    /// errc::no_such_shard. \pre called on a shard
    [[nodiscard]] result<tcp_accept_stream>
    accept_many(session_policy policy = session_policy::context_preferred()) const;

private:
    using stream_listener::stream_listener;
};

}  // namespace spargio
