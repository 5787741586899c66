#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/ring/kernel.hpp"

struct io_uring_buf_ring;

namespace spargio {

/// Buffers a ring's kernel side may choose from when something is received: a queue in memory that
/// the kernel takes from by itself. Whose a buffer is otherwise is not known here.
/// Thread: the ring's owner adds; the holder of the service claim asks for what was taken.
/// Limit: `entries` buffers at once, at most 32,768.
class buffer_ring {
public:
    static constexpr unsigned most_entries = 32'768;

    /// Registers one for buffers numbered from 0 to below `numbers` with the ring
    /// `ring_descriptor`, as group `group`; `incremental`: a buffer may be used up piece by piece.
    /// It is to be destroyed after its ring. Errors: EINVAL where the kernel cannot, ENOMEM, ...
    /// Source: IORING_REGISTER_PBUF_RING.
    [[nodiscard]] static result<std::unique_ptr<buffer_ring>>
    open(kernel& entry, int ring_descriptor, unsigned group, unsigned numbers, bool incremental);
    buffer_ring(const buffer_ring&) = delete;
    buffer_ring& operator=(const buffer_ring&) = delete;
    ~buffer_ring();

    /// Hands `memory` to the kernel, by that number. \pre it has it not
    void add(unsigned number, std::span<std::byte> memory) noexcept;
    /// What add() did with `number` is seen from here on: the kernel has said that it took it.
    void taken() noexcept;
    /// The buffer that was added after `number`, which a bundle goes on in.
    [[nodiscard]] unsigned after(unsigned number) const noexcept { return next_[number]; }

private:
    buffer_ring(unsigned entries, unsigned numbers);

    const unsigned entries_;
    ::io_uring_buf_ring* queue_ = nullptr;
    std::uint16_t tail_ = 0;
    unsigned last_added_ = 0;
    std::vector<std::uint16_t> next_;
};

}  // namespace spargio
