#include "spargio/ring/ops/boot_timeout.hpp"

#include <liburing.h>

namespace spargio {

void boot_timeout_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const boot_timeout_operation&>(self);
    static_assert(sizeof op.deadline_ == sizeof(__kernel_timespec) &&
                  offsetof(__kernel_timespec, tv_nsec) == sizeof op.deadline_.seconds);
    io_uring_prep_rw(IORING_OP_TIMEOUT, &request, -1, &op.deadline_, 1, 0);
    request.timeout_flags = IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME;
}

}  // namespace spargio
