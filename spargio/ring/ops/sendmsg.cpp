#include "spargio/ring/ops/sendmsg.hpp"

#include <liburing.h>
#include <sys/socket.h>

namespace spargio {

void sendmsg_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const sendmsg_operation&>(self);
    io_uring_prep_sendmsg(&request, op.descriptor_, op.message_, MSG_NOSIGNAL | op.flags_);
}

}  // namespace spargio
