#pragma once

// Numbers of the io_uring interface that are newer than Debian 12's headers (liburing 2.3).
// Source: include/uapi/linux/io_uring.h of the kernel version named.

#include <liburing.h>

namespace spargio::detail::abi {

/// IORING_REGISTER_SEND_MSG_RING, Linux 6.13: a MSG_RING request without a ring of one's own.
inline constexpr unsigned register_send_msg_ring = 31;

/// IORING_RECVSEND_BUNDLE, Linux 6.10: a receive may fill several provided buffers.
inline constexpr unsigned recvsend_bundle = 1u << 4;

/// IORING_SEND_ZC_REPORT_USAGE, Linux 6.2: a notification says whether the bytes were copied.
inline constexpr unsigned send_zc_report_usage = 1u << 3;
/// IORING_NOTIF_USAGE_ZC_COPIED: they were.
inline constexpr unsigned notif_usage_zc_copied = 1u << 31;

/// IOU_PBUF_RING_INC, Linux 6.12: provided buffers are used up piece by piece.
inline constexpr unsigned pbuf_ring_inc = 2;
/// IORING_CQE_F_BUF_MORE: the buffer is not used up yet.
inline constexpr unsigned cqe_f_buf_more = 1u << 4;

}  // namespace spargio::detail::abi
