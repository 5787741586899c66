#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spargio/ring/file_offset.hpp"
#include "spargio/ring/operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Writes some of `buffer` at `offset`.
/// Source: pwrite(2), IORING_OP_WRITE.
class write_operation final : public operation {
public:
    write_operation(int descriptor, std::span<const std::byte> buffer,
                    std::uint64_t offset) noexcept
        : operation(kind),
          descriptor_(descriptor),
          data_(buffer.data()),
          size_(request_size(buffer.size())),
          offset_(file_offset(offset)) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"write", prepare};

    int descriptor_;
    const std::byte* data_;
    unsigned size_;
    std::uint64_t offset_;
};

}  // namespace spargio
