#pragma once

#include <cstddef>
#include <span>

#include "spargio/ring/operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Sends some of `buffer`; a closed peer is EPIPE and never a signal.
/// Source: send(2), IORING_OP_SEND.
class send_operation final : public operation {
public:
    send_operation(int descriptor, std::span<const std::byte> buffer) noexcept
        : operation(kind),
          descriptor_(descriptor),
          data_(buffer.data()),
          size_(request_size(buffer.size())) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"send", prepare};

    int descriptor_;
    const std::byte* data_;
    unsigned size_;
};

}  // namespace spargio
