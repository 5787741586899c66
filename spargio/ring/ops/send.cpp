#include "spargio/ring/ops/send.hpp"

#include <liburing.h>
#include <sys/socket.h>

namespace spargio {

void send_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const send_operation&>(self);
    io_uring_prep_send(&request, op.descriptor_, op.data_, op.size_, MSG_NOSIGNAL);
}

}  // namespace spargio
