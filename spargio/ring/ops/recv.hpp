#pragma once

#include <cstddef>
#include <span>

#include "spargio/ring/operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Receives into `buffer`, at least one byte; 0 at end of stream. `flags` as in recv(2).
/// Source: recv(2), IORING_OP_RECV.
class recv_operation final : public operation {
public:
    recv_operation(int descriptor, std::span<std::byte> buffer, int flags = 0) noexcept
        : operation(kind),
          descriptor_(descriptor),
          data_(buffer.data()),
          size_(request_size(buffer.size())),
          flags_(flags) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"recv", prepare};

    int descriptor_;
    std::byte* data_;
    unsigned size_;
    int flags_;
};

}  // namespace spargio
