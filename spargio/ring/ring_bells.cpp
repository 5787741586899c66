// What one ring sends to another: bells, and small messages.

#include <liburing.h>

#include "spargio/ring/detail/user_data.hpp"
#include "spargio/ring/ring.hpp"

namespace spargio {

using detail::completion_tag;

namespace {

/// Where the kernel writes how often a bell was struck. Nobody reads it, and it is nobody's: such a
/// read may outlast its ring.
std::uint64_t bell_strokes = 0;

}  // namespace

bool ring::send_bell(int target_descriptor, unsigned target) noexcept {
    SPARGIO_ASSERT(target < most_rings);
    if (!features_.has(feature::message_ring))
        return false;
    ::io_uring_sqe* request = acquire();
    if (request == nullptr)
        return false;
    io_uring_prep_msg_ring(request, target_descriptor, 0,
                           detail::user_data(completion_tag::bell, 0u), 0);
    request->flags |= IOSQE_CQE_SKIP_SUCCESS;
    request->user_data = detail::user_data(completion_tag::bell_sent, target);
    return true;
}

bool ring::send_message(int target_descriptor, std::uint64_t payload, std::uint32_t word,
                        unsigned number) noexcept {
    if (!features_.has(feature::message_ring))
        return false;
    ::io_uring_sqe* request = acquire();
    if (request == nullptr)
        return false;
    io_uring_prep_msg_ring(request, target_descriptor, word,
                           detail::user_data(completion_tag::message, payload), 0);
    request->user_data = detail::user_data(completion_tag::message_sent, number);
    return true;
}

std::bitset<ring::most_rings> ring::take_failed_bells() noexcept {
    bells_failed_ = false;
    return std::exchange(failed_bells_, {});
}

void ring::listen_to_bell(int bell) noexcept {
    bell_ = bell;
    bell_idle_ = true;
    place_bell_listener();
}

void ring::place_bell_listener() noexcept {
    ::io_uring_sqe* request = acquire();
    if (request == nullptr)
        return;
    io_uring_prep_read(request, bell_, &bell_strokes, sizeof bell_strokes, 0);
    request->user_data = detail::user_data(completion_tag::bell_listener, 0u);
    bell_idle_ = false;
}

}  // namespace spargio
