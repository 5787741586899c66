#include "spargio/ring/ops/rename.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace spargio {

void rename_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const rename_operation&>(self);
    io_uring_prep_renameat(&request, AT_FDCWD, op.from_, AT_FDCWD, op.to_, 0);
}

}  // namespace spargio
