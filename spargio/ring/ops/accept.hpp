#pragma once

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Accepts one connection; yields its descriptor, closed on exec.
/// Source: accept4(2), IORING_OP_ACCEPT.
class accept_operation final : public operation {
public:
    explicit accept_operation(int listener) noexcept : operation(kind), listener_(listener) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"accept", prepare};

    int listener_;
};

}  // namespace spargio
