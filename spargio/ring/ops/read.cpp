#include "spargio/ring/ops/read.hpp"

#include <liburing.h>

namespace spargio {

void read_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const read_operation&>(self);
    io_uring_prep_read(&request, op.descriptor_, op.data_, op.size_, op.offset_);
}

}  // namespace spargio
