#include "spargio/ring/ops/connect.hpp"

#include <liburing.h>

namespace spargio {

void connect_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const connect_operation&>(self);
    io_uring_prep_connect(&request, op.descriptor_, op.address_, op.size_);
}

}  // namespace spargio
