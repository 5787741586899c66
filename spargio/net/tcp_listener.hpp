#pragma once

#include "spargio/net/tcp_accept_stream.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/ring/ops/accept.hpp"

namespace spargio {

struct listen_options {
    int backlog = 1024;         ///< connections the kernel completes before they are accepted
    bool reuse_address = true;  ///< bind again at once after an exit (SO_REUSEADDR)
    bool reuse_port = false;    ///< several listeners share the port (SO_REUSEPORT)
};

/// Accepts TCP connections. It closes when it is destroyed; no accept may be under way then.
/// Thread: as tcp_stream.
class tcp_listener {
public:
    tcp_listener(tcp_listener&&) noexcept = default;
    tcp_listener& operator=(tcp_listener&&) noexcept = default;

    /// Listens at `address`; port 0 takes a free one. Does not wait. Errors:
    /// std::errc::address_in_use, address_not_available, permission_denied, too_many_files_open,
    /// ... Source: socket(2), bind(2), listen(2).
    [[nodiscard]] static result<tcp_listener> bind(const socket_address& address,
                                                   const listen_options& options = {});

    /// Yields the next connection, whose home shard `policy` chooses. Errors:
    /// std::errc::too_many_files_open (the connection stays in the backlog: let some end, then try
    /// again), connection_aborted (the peer left: try again), operation_canceled (none was taken);
    /// errc::no_such_shard, without accepting.
    /// Source: accept4(2).
    [[nodiscard]] task<result<tcp_stream>>
    accept(session_policy policy = session_policy::context_preferred());

    /// Accepts one connection after another with one request: what a busy listener is to use.
    /// The listener is open until that has gone, and nobody else accepts. Error:
    /// errc::no_such_shard. \pre called on a shard
    [[nodiscard]] result<tcp_accept_stream>
    accept_many(session_policy policy = session_policy::context_preferred()) const;

    [[nodiscard]] result<socket_address> local_address() const noexcept;
    [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
    /// Stops listening; connections in the backlog are reset. \pre no accept is under way
    void close() noexcept { descriptor_.reset(); }

private:
    explicit tcp_listener(descriptor listening) noexcept : descriptor_(std::move(listening)) {}

    descriptor descriptor_;
};

}  // namespace spargio
