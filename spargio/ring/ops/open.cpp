#include "spargio/ring/ops/open.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace spargio {

void open_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const open_operation&>(self);
    io_uring_prep_openat(&request, AT_FDCWD, op.path_, op.flags_, op.mode_);
}

}  // namespace spargio
