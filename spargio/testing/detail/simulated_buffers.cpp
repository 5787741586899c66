#include "spargio/testing/detail/simulated_buffers.hpp"

#include <liburing.h>

#include "spargio/core/assert.hpp"
#include "spargio/ring/detail/newer_abi.hpp"

namespace spargio::testing::detail {

bool simulated_buffers::empty() const noexcept {
    return __atomic_load_n(&queue_->tail, __ATOMIC_ACQUIRE) == head_;
}

std::span<std::byte> simulated_buffers::next() const noexcept {
    SPARGIO_ASSERT(!empty());
    const ::io_uring_buf& first = queue_->bufs[head_ & mask_];
    return std::span(reinterpret_cast<std::byte*>(first.addr), first.len).subspan(used_);
}

unsigned simulated_buffers::use(std::size_t count) noexcept {
    const ::io_uring_buf& first = queue_->bufs[head_ & mask_];
    const unsigned flags = IORING_CQE_F_BUFFER | unsigned{first.bid} << IORING_CQE_BUFFER_SHIFT;
    used_ += count;
    if (incremental_ && used_ < first.len)
        return flags | spargio::detail::abi::cqe_f_buf_more;
    ++head_;
    used_ = 0;
    return flags;
}

}  // namespace spargio::testing::detail
