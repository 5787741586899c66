#pragma once

#include <span>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/net/descriptor_passing.hpp"
#include "spargio/shard/attempt_history.hpp"

namespace spargio::detail {

/// One sendmsg(2) of `bytes` with copies of `descriptors`.
[[nodiscard]] task<result<std::size_t>> send_with_descriptors(int socket, attempt_history* history,
                                                              std::span<const std::byte> bytes,
                                                              std::span<const int> descriptors);
/// The same of a Unix datagram.
[[nodiscard]] task<result<std::size_t>>
send_datagram_with_descriptors(const basic_socket& from, attempt_history* history,
                               std::span<const std::byte> bytes, std::span<const int> descriptors);

/// One recvmsg(2) into `buffer` with up to `most` descriptors.
[[nodiscard]] task<result<received_with_descriptors>>
receive_with_descriptors(int socket, attempt_history* history, std::span<std::byte> buffer,
                         std::size_t most);

}  // namespace spargio::detail
