#include "spargio/ring/ops/shutdown.hpp"

#include <liburing.h>

namespace spargio {

void shutdown_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const shutdown_operation&>(self);
    io_uring_prep_shutdown(&request, op.descriptor_, op.how_);
}

}  // namespace spargio
