#include "spargio/ring/ops/make_directory.hpp"

#include <fcntl.h>
#include <liburing.h>

namespace spargio {

void make_directory_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const make_directory_operation&>(self);
    io_uring_prep_mkdirat(&request, AT_FDCWD, op.path_, op.mode_);
}

}  // namespace spargio
