#pragma once

#include "spargio/ring/operation.hpp"

struct statx;

namespace spargio {

/// Asks for the size, times, mode and the like of an open file, into `status` (kept by the caller).
/// Source: statx(2), IORING_OP_STATX.
class file_status_operation final : public operation {
public:
    file_status_operation(int descriptor, struct ::statx* status) noexcept
        : operation(kind), descriptor_(descriptor), status_(status) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"file_status", prepare};

    int descriptor_;
    struct ::statx* status_;
};

}  // namespace spargio
