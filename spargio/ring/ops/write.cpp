#include "spargio/ring/ops/write.hpp"

#include <liburing.h>

namespace spargio {

void write_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const write_operation&>(self);
    io_uring_prep_write(&request, op.descriptor_, op.data_, op.size_, op.offset_);
}

}  // namespace spargio
