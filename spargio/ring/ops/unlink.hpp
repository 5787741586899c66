#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Removes the file, or with `directory` the empty directory, at `path` (kept by the caller).
/// Source: unlink(2), rmdir(2), IORING_OP_UNLINKAT.
class unlink_operation final : public operation {
public:
    unlink_operation(const char* path, bool directory) noexcept
        : operation(kind), path_(path), directory_(directory) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"unlink", prepare};

    const char* path_;
    bool directory_;
};

}  // namespace spargio
