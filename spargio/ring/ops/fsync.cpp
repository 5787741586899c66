#include "spargio/ring/ops/fsync.hpp"

#include <liburing.h>

namespace spargio {

void fsync_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const fsync_operation&>(self);
    io_uring_prep_fsync(&request, op.descriptor_, op.data_only_ ? IORING_FSYNC_DATASYNC : 0);
}

}  // namespace spargio
