#include "spargio/ring/ops/poll.hpp"

#include <liburing.h>

namespace spargio {

void poll_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const poll_operation&>(self);
    io_uring_prep_poll_add(&request, op.descriptor_, op.events_);
}

}  // namespace spargio
