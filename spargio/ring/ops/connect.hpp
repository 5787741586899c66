#pragma once

#include <cstddef>

#include "spargio/ring/operation.hpp"

struct sockaddr;

namespace spargio {

/// Connects a socket to `address` (kept by the caller).
/// Source: connect(2), IORING_OP_CONNECT.
class connect_operation final : public operation {
public:
    connect_operation(int descriptor, const ::sockaddr* address, unsigned size) noexcept
        : operation(kind), descriptor_(descriptor), address_(address), size_(size) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"connect", prepare};

    int descriptor_;
    const ::sockaddr* address_;
    unsigned size_;
};

}  // namespace spargio
