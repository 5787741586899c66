#pragma once

#include "spargio/io/descriptor.hpp"
#include "spargio/net/socket_address.hpp"

namespace spargio::detail {

/// A new Unix socket of `type` that has taken `address`; with `replace_stale`, also a path whose
/// socket ended without removing it. One that lives keeps it, and so does a file of another kind.
[[nodiscard]] result<descriptor> bound_unix_socket(int type, const socket_address& address,
                                                   bool replace_stale) noexcept;

}  // namespace spargio::detail
