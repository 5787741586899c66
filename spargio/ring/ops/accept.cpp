#include "spargio/ring/ops/accept.hpp"

#include <liburing.h>
#include <sys/socket.h>

namespace spargio {

void accept_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const accept_operation&>(self);
    io_uring_prep_accept(&request, op.listener_, nullptr, nullptr, SOCK_CLOEXEC);
}

}  // namespace spargio
