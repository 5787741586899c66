#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spargio/ring/file_offset.hpp"
#include "spargio/ring/operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Reads into `buffer` from `offset` on; 0 at end of file.
/// Source: pread(2), IORING_OP_READ.
class read_operation final : public operation {
public:
    read_operation(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) noexcept
        : operation(kind),
          descriptor_(descriptor),
          data_(buffer.data()),
          size_(request_size(buffer.size())),
          offset_(file_offset(offset)) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"read", prepare};

    int descriptor_;
    std::byte* data_;
    unsigned size_;
    std::uint64_t offset_;
};

}  // namespace spargio
