#include "spargio/ring/ops/recvmsg.hpp"

#include <liburing.h>
#include <sys/socket.h>

namespace spargio {

void recvmsg_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const recvmsg_operation&>(self);
    io_uring_prep_recvmsg(&request, op.descriptor_, op.message_,
                          static_cast<unsigned>(op.flags_ | MSG_CMSG_CLOEXEC));
    if (op.waits_first())
        request.ioprio = IORING_RECVSEND_POLL_FIRST;
}

}  // namespace spargio
