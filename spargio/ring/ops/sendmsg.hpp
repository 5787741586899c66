#pragma once

#include "spargio/ring/operation.hpp"

struct msghdr;

namespace spargio {

/// Sends `message` (kept by the caller, with all it points to); a closed peer is EPIPE and never a
/// signal. With MSG_DONTWAIT it ends with EAGAIN where it would wait. Source: sendmsg(2),
/// IORING_OP_SENDMSG.
class sendmsg_operation final : public operation {
public:
    sendmsg_operation(int descriptor, const ::msghdr* message, unsigned flags = 0) noexcept
        : operation(kind), descriptor_(descriptor), message_(message), flags_(flags) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"sendmsg", prepare};

    int descriptor_;
    const ::msghdr* message_;
    unsigned flags_;
};

}  // namespace spargio
