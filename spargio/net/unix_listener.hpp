#pragma once

#include "spargio/net/unix_stream.hpp"

namespace spargio {

struct unix_listen_options {
    int backlog = 1024;          ///< connections that wait to be accepted; past it a connect waits
    bool replace_stale = false;  ///< take the path over from a listener that ended without removing
                                 ///< it; one that lives keeps it
};

/// Accepts connections at a path or an abstract name; see stream_listener. A path stays when the
/// listener goes: remove it (fs::remove_file) or let the next one replace it. Its permissions are
/// those umask(2) leaves.
class unix_listener final : public stream_listener<unix_stream> {
public:
    unix_listener(unix_listener&&) noexcept = default;
    unix_listener& operator=(unix_listener&&) noexcept = default;

    /// Listens at `address`. Does not wait. Errors: std::errc::address_in_use,
    /// no_such_file_or_directory, permission_denied, too_many_files_open,
    /// address_family_not_supported, ... Source: socket(2), bind(2), listen(2), unix(7).
    [[nodiscard]] static result<unix_listener> bind(const socket_address& address,
                                                    const unix_listen_options& options = {});
    /// Takes over a socket that listens; it is made blocking and close-on-exec. On an error
    /// `number` stays the caller's.
    [[nodiscard]] static result<unix_listener> from_fd(int number);

private:
    using stream_listener::stream_listener;
};

}  // namespace spargio
