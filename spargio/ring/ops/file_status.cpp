#include "spargio/ring/ops/file_status.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/stat.h>

namespace spargio {

void file_status_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const file_status_operation&>(self);
    io_uring_prep_statx(&request, op.descriptor_, "", AT_EMPTY_PATH, STATX_BASIC_STATS, op.status_);
}

}  // namespace spargio
