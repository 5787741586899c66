#pragma once

#include "spargio/ring/operation.hpp"

struct msghdr;

namespace spargio {

/// Sends `message` (kept by the caller, with all it points to); a closed peer is EPIPE and never a
/// signal. Source: sendmsg(2), IORING_OP_SENDMSG.
class sendmsg_operation final : public operation {
public:
    sendmsg_operation(int descriptor, const ::msghdr* message) noexcept
        : operation(kind), descriptor_(descriptor), message_(message) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"sendmsg", prepare};

    int descriptor_;
    const ::msghdr* message_;
};

}  // namespace spargio
