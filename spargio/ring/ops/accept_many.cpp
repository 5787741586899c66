#include "spargio/ring/ops/accept_many.hpp"

#include <liburing.h>
#include <sys/socket.h>

namespace spargio {

void accept_many_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const accept_many_operation&>(self);
    if (op.once_) {
        io_uring_prep_accept(&request, op.listener_, nullptr, nullptr, SOCK_CLOEXEC);
    } else {
        io_uring_prep_multishot_accept(&request, op.listener_, nullptr, nullptr, SOCK_CLOEXEC);
    }
}

}  // namespace spargio
