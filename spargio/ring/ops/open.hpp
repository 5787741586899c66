#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Opens `path` (kept by the caller); yields a descriptor.
/// Source: openat(2), IORING_OP_OPENAT.
class open_operation final : public operation {
public:
    open_operation(const char* path, int flags, unsigned mode) noexcept
        : operation(kind), path_(path), flags_(flags), mode_(mode) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"open", prepare};

    const char* path_;
    int flags_;
    unsigned mode_;
};

}  // namespace spargio
