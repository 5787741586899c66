#pragma once

#include "spargio/testing/detail/simulated_objects.hpp"

struct io_uring_sqe;
struct msghdr;

namespace spargio::testing::detail {

/// The most bytes `request` could move; 0 for one that moves none.
[[nodiscard]] std::size_t transfer_size(const ::io_uring_sqe& request) noexcept;

/// sendmsg(2), recvmsg(2) and splice(2) of at most `most` bytes, without names and control
/// messages.
int send_message(simulated_object& to, const ::msghdr& message, std::size_t most);
int receive_message(simulated_object& from, const ::io_uring_sqe& request, std::size_t most);
/// recvmsg(2) of a datagram into a buffer the kernel chose: as struct io_uring_recvmsg_out says,
/// all of which counts.
int receive_message_into(simulated_object& from, const ::io_uring_sqe& request,
                         std::span<std::byte> buffer);
/// -EAGAIN: wait for `from` if `from_waits` is set, else for `to`.
int splice(simulated_object& from, simulated_object& to, const ::io_uring_sqe& request,
           std::size_t most, bool& from_waits);

}  // namespace spargio::testing::detail
