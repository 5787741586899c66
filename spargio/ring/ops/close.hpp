#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Closes `descriptor`; it is gone whatever the outcome, and never cancelled.
/// Source: close(2), IORING_OP_CLOSE.
class close_operation final : public operation {
public:
    explicit close_operation(int descriptor) noexcept : operation(kind), descriptor_(descriptor) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"close", prepare, false};

    int descriptor_;
};

}  // namespace spargio
