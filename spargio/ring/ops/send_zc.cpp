#include "spargio/ring/ops/send_zc.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include "spargio/ring/detail/newer_abi.hpp"

namespace spargio {

void send_zc_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const send_zc_operation&>(self);
    io_uring_prep_send_zc(&request, op.descriptor_, op.data_, op.size_, MSG_NOSIGNAL,
                          detail::abi::send_zc_report_usage);
}

bool send_zc_operation::copied(const arrival& notification) noexcept {
    return (static_cast<unsigned>(notification.outcome) & detail::abi::notif_usage_zc_copied) != 0;
}

}  // namespace spargio
