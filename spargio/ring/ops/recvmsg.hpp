#pragma once

#include "spargio/ring/operation.hpp"

struct msghdr;

namespace spargio {

/// Receives into `message` (kept by the caller, with all it points to), whose sizes and flags the
/// kernel overwrites. Descriptors that come along are closed on exec.
/// Source: recvmsg(2), IORING_OP_RECVMSG.
class recvmsg_operation final : public operation {
public:
    recvmsg_operation(int descriptor, ::msghdr* message, int flags = 0) noexcept
        : operation(kind), descriptor_(descriptor), message_(message), flags_(flags) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"recvmsg", prepare};

    int descriptor_;
    ::msghdr* message_;
    int flags_;
};

}  // namespace spargio
