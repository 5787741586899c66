#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Waits until one of `events` is true of a descriptor; yields those that are, POLLERR and POLLHUP
/// among them unasked. Source: poll(2), IORING_OP_POLL_ADD.
class poll_operation final : public operation {
public:
    poll_operation(int descriptor, unsigned events) noexcept
        : operation(kind), descriptor_(descriptor), events_(events) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"poll", prepare};

    int descriptor_;
    unsigned events_;
};

}  // namespace spargio
