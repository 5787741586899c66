#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// Work that its owner queues at the back, and that anybody takes from the front. The owner may
/// take from either end: from the back what it queued last, from the front what waits longest.
///
/// Two positions count up; a slot belongs to the taker who moves `front_` past it. Only the last
/// item is contested between the two ends, and there too the move of `front_` decides.
/// Model-checked in tests/model/steal_deque.pml.
/// Thread: the owner pushes and pops; any thread takes.
/// Limit: `capacity` items, a power of two; past it push() answers false and nothing is queued.
/// Source: Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), with a fixed array;
/// the orders after Lê et al., "Correct and efficient work-stealing for weak memory models" (2013).
class steal_deque {
public:
    explicit steal_deque(unsigned capacity)
        : mask_(capacity - 1), slots_(std::make_unique<slot[]>(capacity)) {
        SPARGIO_ASSERT(capacity != 0 && (capacity & mask_) == 0);
    }

    // --- the owner -------------------------------------------------------------------------------

    /// Sequentially consistent, as work_share asks of who makes work.
    [[nodiscard]] bool push(work_item& item) noexcept {
        const std::int64_t back = back_.load(std::memory_order_relaxed);
        if (back - front_.load(std::memory_order_acquire) > mask_) [[unlikely]]
            return false;
        slot_at(back).store(&item, std::memory_order_relaxed);
        back_.store(back + 1, std::memory_order_seq_cst);
        return true;
    }

    /// The item queued last, or null.
    [[nodiscard]] work_item* pop() noexcept {
        const std::int64_t back = back_.load(std::memory_order_relaxed) - 1;
        if (front_.load(std::memory_order_relaxed) > back)
            return nullptr;
        // From here on nobody takes what lies at `back`, unless it is the last one.
        back_.store(back, std::memory_order_seq_cst);
        std::int64_t front = front_.load(std::memory_order_seq_cst);
        if (front < back) [[likely]]
            return slot_at(back).load(std::memory_order_relaxed);
        work_item* last = nullptr;
        if (front == back &&
            front_.compare_exchange_strong(front, front + 1, std::memory_order_seq_cst,
                                           std::memory_order_relaxed))
            last = slot_at(back).load(std::memory_order_relaxed);
        back_.store(back + 1, std::memory_order_release);
        return last;
    }

    /// Pops the item queued last if it is `item`.
    [[nodiscard]] bool pop(const work_item& item) noexcept {
        const std::int64_t last = back_.load(std::memory_order_relaxed) - 1;
        return slot_at(last).load(std::memory_order_relaxed) == &item && pop() != nullptr;
    }

    // --- any thread ------------------------------------------------------------------------------

    /// The item that waits longest; null when there is none, or when another was faster just now.
    [[nodiscard]] work_item* take() noexcept {
        std::int64_t front = front_.load(std::memory_order_seq_cst);
        if (front >= back_.load(std::memory_order_seq_cst))
            return nullptr;
        // It may be overwritten while it is read, but then the front has moved.
        work_item* const oldest = slot_at(front).load(std::memory_order_relaxed);
        return front_.compare_exchange_strong(front, front + 1, std::memory_order_seq_cst,
                                              std::memory_order_relaxed)
                   ? oldest
                   : nullptr;
    }

    /// How many wait: exact for the owner while nobody takes, an estimate for others.
    [[nodiscard]] unsigned size() const noexcept {
        const std::int64_t front = front_.load(std::memory_order_seq_cst);
        const std::int64_t back = back_.load(std::memory_order_seq_cst);
        return back > front ? static_cast<unsigned>(back - front) : 0;
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

private:
    using slot = std::atomic<work_item*>;

    [[nodiscard]] slot& slot_at(std::int64_t position) const noexcept {
        return slots_[static_cast<std::size_t>(position & mask_)];
    }

    const std::int64_t mask_;
    const std::unique_ptr<slot[]> slots_;
    alignas(64) std::atomic<std::int64_t> front_ = 0;  // takers
    alignas(64) std::atomic<std::int64_t> back_ = 0;   // the owner
};

}  // namespace spargio::detail
