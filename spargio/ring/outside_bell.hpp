#pragma once

#include "spargio/ring/kernel.hpp"

namespace spargio {

/// Wakes the ring `descriptor` from a thread that has no ring of its own.
/// \return 0, or a negative errno: EINVAL where the kernel cannot (before 6.13).
/// Thread: any. Source: IORING_REGISTER_SEND_MSG_RING.
int ring_bell_from_outside(kernel& entry, int descriptor) noexcept;

}  // namespace spargio
