#pragma once

#include <cstdint>

#include "spargio/ring/operation.hpp"
#include "spargio/ring/request_size.hpp"

namespace spargio {

/// Moves up to `size` bytes from one descriptor to another, one of which is a pipe; 0 at the end of
/// the source. Runs in a kernel worker, which waits with it.
/// Source: splice(2), IORING_OP_SPLICE.
class splice_operation final : public operation {
public:
    /// For a pipe or socket.
    static constexpr std::int64_t no_offset = -1;

    splice_operation(int from, std::int64_t from_offset, int to, std::int64_t to_offset,
                     std::size_t size) noexcept
        : operation(kind),
          from_(from),
          to_(to),
          from_offset_(from_offset),
          to_offset_(to_offset),
          size_(request_size(size)) {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"splice", prepare};

    int from_;
    int to_;
    std::int64_t from_offset_;
    std::int64_t to_offset_;
    unsigned size_;
};

}  // namespace spargio
