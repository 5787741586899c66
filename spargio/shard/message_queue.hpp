#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/shard/message.hpp"
#include "spargio/shard/zeroed_slots.hpp"

namespace spargio::detail {

/// Messages for one shard of threads that have no lane to it, in the order each source sent them.
/// Thread: any thread pushes; one at a time (the holder of the service claim) pops.
/// Limit: `capacity` messages (a power of two); past it push() answers false and nothing is queued.
///
/// A slot is written by its source alone, which stamps it with its position last; the reader polls
/// that stamp, so a message costs one cache line on its way, and a slot lies in one. Sources learn
/// of free slots from the reader's published position, which they look at only when their copy of
/// it says "full".
class message_queue {
public:
    explicit message_queue(unsigned capacity);
    message_queue(const message_queue&) = delete;
    message_queue& operator=(const message_queue&) = delete;

    /// Sequentially consistent, as sleep_gate asks of a source.
    [[nodiscard]] bool push(const message& sent) noexcept;
    [[nodiscard]] bool pop(message& received) noexcept;
    [[nodiscard]] bool empty() const noexcept {
        return slot_at(head_.load(std::memory_order_relaxed))
                   .stamp.load(std::memory_order_seq_cst) !=
               head_.load(std::memory_order_relaxed) + 1;
    }
    /// How many there are, an estimate. Thread: any.
    [[nodiscard]] std::uint64_t waiting() const noexcept {
        const std::uint64_t taken = head_.load(std::memory_order_acquire);
        return tail_.load(std::memory_order_relaxed) - taken;
    }
    /// Messages ever pushed, as an estimate. Thread: any.
    [[nodiscard]] std::uint64_t pushed() const noexcept {
        return tail_.load(std::memory_order_relaxed);
    }

private:
    struct alignas(32) slot {
        std::atomic<std::uint64_t> stamp;  // position + 1 of the message it holds; 0 at first
        message content;
    };

    [[nodiscard]] slot& slot_at(std::uint64_t position) const noexcept {
        return slots_[position & mask_];
    }

    const std::uint64_t mask_;
    const zeroed_slots<slot> slots_;
    alignas(64) std::atomic<std::uint64_t> tail_ = 0;  // sources: the next free position
    std::atomic<std::uint64_t> head_seen_ = 0;         // sources: how far the reader was
    alignas(64) std::atomic<std::uint64_t> head_ = 0;  // the reader
};

}  // namespace spargio::detail
