#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

struct io_uring_buf_ring;

namespace spargio::testing::detail {

/// A queue of provided buffers, from the kernel's side.
/// Thread: under the simulation's lock; the program's side of the queue by an atomic.
class simulated_buffers {
public:
    simulated_buffers(::io_uring_buf_ring& queue, unsigned entries, bool incremental) noexcept
        : queue_(&queue),
          mask_(static_cast<std::uint16_t>(entries - 1)),
          incremental_(incremental) {}

    [[nodiscard]] bool empty() const noexcept;
    /// What is free in the buffer whose turn it is. \pre not empty
    [[nodiscard]] std::span<std::byte> next() const noexcept;
    /// Uses `count` bytes of it. \return what a completion's flags say of it
    unsigned use(std::size_t count) noexcept;

private:
    ::io_uring_buf_ring* queue_;
    std::uint16_t mask_;
    bool incremental_;
    std::uint16_t head_ = 0;
    std::size_t used_ = 0;  // bytes of that buffer
};

}  // namespace spargio::testing::detail
