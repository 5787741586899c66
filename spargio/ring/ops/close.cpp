#include "spargio/ring/ops/close.hpp"

#include <liburing.h>

namespace spargio {

void close_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const close_operation&>(self);
    io_uring_prep_close(&request, op.descriptor_);
}

}  // namespace spargio
