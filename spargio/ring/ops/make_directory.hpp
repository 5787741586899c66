#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Makes the directory `path` (kept by the caller).
/// Source: mkdir(2), IORING_OP_MKDIRAT.
class make_directory_operation final : public operation {
public:
    make_directory_operation(const char* path, unsigned mode) noexcept
        : operation(kind), path_(path), mode_(mode) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"make_directory", prepare};

    const char* path_;
    unsigned mode_;
};

}  // namespace spargio
