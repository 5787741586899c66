#include "spargio/shard/message_queue.hpp"

#include <bit>
#include <new>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

// A slot of zeros is an empty slot, so none is written before it is used.
message_queue::message_queue(unsigned capacity) : mask_(capacity - 1), slots_(capacity) {
    SPARGIO_ASSERT(std::has_single_bit(capacity));
    if (!slots_.valid())
        throw std::bad_alloc();
}

bool message_queue::push(const message& sent) noexcept {
    std::uint64_t position = tail_.load(std::memory_order_relaxed);
    for (;;) {
        // May be negative, seen as unsigned huge, when `position` is already stale: then the
        // exchange below fails and tells the newer one.
        if (position - head_seen_.load(std::memory_order_acquire) > mask_) {
            const std::uint64_t head = head_.load(std::memory_order_acquire);
            head_seen_.store(head, std::memory_order_release);
            if (position - head > mask_) {
                const std::uint64_t newest = tail_.load(std::memory_order_relaxed);
                if (newest == position)
                    return false;
                position = newest;
                continue;
            }
        }
        if (tail_.compare_exchange_weak(position, position + 1, std::memory_order_relaxed))
            break;
    }
    slot& free = slot_at(position);
    free.content = sent;
    free.stamp.exchange(position + 1, std::memory_order_seq_cst);
    return true;
}

bool message_queue::pop(message& received) noexcept {
    const std::uint64_t position = head_.load(std::memory_order_relaxed);
    slot& next = slot_at(position);
    if (next.stamp.load(std::memory_order_acquire) != position + 1)
        return false;
    received = next.content;
    head_.store(position + 1, std::memory_order_release);
    return true;
}

}  // namespace spargio::detail
