#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Makes a file's data durable, and unless `data_only` what is known about it too.
/// Source: fsync(2), fdatasync(2), IORING_OP_FSYNC.
class fsync_operation final : public operation {
public:
    fsync_operation(int descriptor, bool data_only) noexcept
        : operation(kind), descriptor_(descriptor), data_only_(data_only) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"fsync", prepare};

    int descriptor_;
    bool data_only_;
};

}  // namespace spargio
