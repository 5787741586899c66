#include "spargio/ring/ops/unlink.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace spargio {

void unlink_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const unlink_operation&>(self);
    io_uring_prep_unlinkat(&request, AT_FDCWD, op.path_, op.directory_ ? AT_REMOVEDIR : 0);
}

}  // namespace spargio
