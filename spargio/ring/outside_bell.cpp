#include "spargio/ring/outside_bell.hpp"

#include <liburing.h>

#include "spargio/ring/detail/newer_abi.hpp"
#include "spargio/ring/detail/user_data.hpp"

namespace spargio {

int ring_bell_from_outside(kernel& entry, int descriptor) noexcept {
    ::io_uring_sqe request{};
    io_uring_prep_msg_ring(&request, descriptor, 0,
                           detail::user_data(detail::completion_tag::bell, 0u), 0);
    return entry.control(-1, detail::abi::register_send_msg_ring, &request, 1);
}

}  // namespace spargio
