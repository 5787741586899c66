#pragma once

#include <cstddef>
#include <span>

#include "spargio/ring/multishot_operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Sends some of `buffer` out of the program's memory: an arrival with the count, and, if that says
/// that more follows, a notification once the kernel is through with the bytes, which may not be
/// changed before. A closed peer is EPIPE and never a signal.
/// Source: send(2), IORING_OP_SEND_ZC.
class send_zc_operation final : public multishot_operation {
public:
    send_zc_operation(int descriptor, std::span<const std::byte> buffer,
                      arrival_sink& sink) noexcept
        : multishot_operation(kind, sink),
          descriptor_(descriptor),
          data_(buffer.data()),
          size_(request_size(buffer.size())) {}

    /// Whether a notification says that the kernel copied the bytes after all.
    [[nodiscard]] static bool copied(const arrival& notification) noexcept;

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"send_zc", prepare, true, take, true};

    int descriptor_;
    const std::byte* data_;
    unsigned size_;
};

}  // namespace spargio
