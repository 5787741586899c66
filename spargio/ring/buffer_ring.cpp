#include "spargio/ring/buffer_ring.hpp"

#include <liburing.h>
#include <sys/mman.h>

#include <bit>
#include <cerrno>

#include "spargio/core/assert.hpp"
#include "spargio/ring/detail/kernel_order.hpp"
#include "spargio/ring/detail/newer_abi.hpp"

namespace spargio {

buffer_ring::buffer_ring(unsigned entries, unsigned numbers) : entries_(entries), next_(numbers) {}

result<std::unique_ptr<buffer_ring>> buffer_ring::open(kernel& entry, int ring_descriptor,
                                                       unsigned group, unsigned numbers,
                                                       bool incremental) {
    SPARGIO_ASSERT(numbers > 0 && numbers <= most_entries);
    std::unique_ptr<buffer_ring> opened(new buffer_ring(std::bit_ceil(numbers), numbers));
    void* memory = ::mmap(nullptr, opened->entries_ * sizeof(::io_uring_buf),
                          PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return failure(ENOMEM);
    opened->queue_ = static_cast<::io_uring_buf_ring*>(memory);
    ::io_uring_buf_reg request{};
    request.ring_addr = reinterpret_cast<std::uint64_t>(memory);
    request.ring_entries = opened->entries_;
    request.bgid = static_cast<std::uint16_t>(group);
    request.pad = incremental ? detail::abi::pbuf_ring_inc : 0;  // flags, in newer headers
    const int outcome = entry.control(ring_descriptor, IORING_REGISTER_PBUF_RING, &request, 1);
    if (outcome < 0)
        return failure(-outcome);
    return opened;
}

buffer_ring::~buffer_ring() {
    if (queue_ != nullptr)
        ::munmap(queue_, entries_ * sizeof(::io_uring_buf));
}

void buffer_ring::add(unsigned number, std::span<std::byte> memory) noexcept {
    SPARGIO_ASSERT(number < next_.size());
    // Field by field: the first entry's last one is the queue's tail.
    ::io_uring_buf& slot = queue_->bufs[tail_ & (entries_ - 1)];
    slot.addr = reinterpret_cast<std::uint64_t>(memory.data());
    slot.len = static_cast<unsigned>(memory.size());
    slot.bid = static_cast<std::uint16_t>(number);
    next_[last_added_] = static_cast<std::uint16_t>(number);
    last_added_ = number;
    ++tail_;
    detail::handed_to_kernel(this);
    __atomic_store_n(&queue_->tail, tail_, __ATOMIC_RELEASE);
}

void buffer_ring::taken() noexcept {
    detail::returned_by_kernel(this);
}

}  // namespace spargio
