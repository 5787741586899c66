#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Renames `from` to `to` (both kept by the caller), replacing it in one step.
/// Source: rename(2), IORING_OP_RENAMEAT.
class rename_operation final : public operation {
public:
    rename_operation(const char* from, const char* to) noexcept
        : operation(kind), from_(from), to_(to) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"rename", prepare};

    const char* from_;
    const char* to_;
};

}  // namespace spargio
