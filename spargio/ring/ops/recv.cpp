#include "spargio/ring/ops/recv.hpp"

#include <liburing.h>

namespace spargio {

void recv_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const recv_operation&>(self);
    io_uring_prep_recv(&request, op.descriptor_, op.data_, op.size_, op.flags_);
    if (op.waits_first())
        request.ioprio = IORING_RECVSEND_POLL_FIRST;
}

}  // namespace spargio
