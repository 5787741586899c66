#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Closes `descriptor`; never cancelled. Once this has run the descriptor is gone, though it
/// answers EIO, ENOSPC or EINTR: closing again could close somebody else's. After ECANCELED, which
/// nothing but the end of the submitting thread brings, it may never have run, and nobody knows.
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
