#include "spargio/ring/ops/receive_many.hpp"

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

#include "spargio/ring/detail/newer_abi.hpp"

namespace spargio {

void receive_many_operation::prepare_poll(const receive_many_operation& self,
                                          ::io_uring_sqe& request) noexcept {
    io_uring_prep_poll_add(&request, self.descriptor_, POLLIN);
}

void receive_many_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const receive_many_operation&>(self);
    switch (op.way_) {
    case way::many:
    case way::bundles:
        io_uring_prep_recv_multishot(&request, op.descriptor_, nullptr, 0, 0);
        request.flags |= IOSQE_BUFFER_SELECT;
        request.buf_group = op.group_;
        if (op.way_ == way::bundles)
            request.ioprio |= detail::abi::recvsend_bundle;
        break;
    case way::poll:
        prepare_poll(op, request);
        break;
    case way::once:
        io_uring_prep_recv(&request, op.descriptor_, op.into_.data(), op.into_.size(),
                           MSG_DONTWAIT);
        break;
    }
}

}  // namespace spargio
