#pragma once

// Numbers of the io_uring interface that are newer than Debian 12's headers (liburing 2.3).
// Source: include/uapi/linux/io_uring.h of the kernel version named.

#include <liburing.h>

namespace spargio::detail::abi {

/// IORING_REGISTER_SEND_MSG_RING, Linux 6.13: a MSG_RING request without a ring of one's own.
inline constexpr unsigned register_send_msg_ring = 31;

}  // namespace spargio::detail::abi
