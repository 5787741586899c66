#pragma once

#include <cstddef>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/shard/attempt_history.hpp"

struct msghdr;

namespace spargio::detail {

/// Sends `message` from a Unix datagram socket to whom it names, or to the connected peer, and
/// waits while that has no room. \pre both outlive the await
///
/// The kernel copies a datagram before it looks whether there is room for it, and what a request
/// that waited sends then is an empty one. So no request waits: each says that there is no room,
/// and that is waited for.
[[nodiscard]] task<result<std::size_t>>
send_unix_datagram(const basic_socket& from, attempt_history* history, const ::msghdr* message);

}  // namespace spargio::detail
