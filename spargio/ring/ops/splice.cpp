#include "spargio/ring/ops/splice.hpp"

#include <liburing.h>

namespace spargio {

void splice_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const splice_operation&>(self);
    io_uring_prep_splice(&request, op.from_, op.from_offset_, op.to_, op.to_offset_, op.size_, 0);
}

}  // namespace spargio
