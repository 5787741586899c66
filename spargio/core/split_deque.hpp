#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "spargio/core/pause.hpp"
#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// Work that its owner queues at the back, and that anybody takes from the front of its public
/// part.
///
///   front            split              back
///   | public: o o o o | private: o o o o |
///
/// The owner pushes and pops private items with plain reads and writes; front and split lie in one
/// word, so a taker, and the owner who moves the split either way, win or lose by one exchange. The
/// owner decides what is public. For one who is stuck another thread moves the split, by expose():
/// an owner in the middle of a pop is told apart by a barrier on all CPUs, which only the exposer
/// pays for. Model-checked in tests/model/split_deque.pml.
/// Thread: the owner pushes, pops and shares; any thread takes and exposes.
/// Limit: `capacity` items, a power of two; past it push() answers false and nothing is queued.
/// Source: van Dijk and van de Pol, "Lace: Non-blocking Split Deque for Work-Stealing" (Euro-Par
/// workshops 2014), here over a fixed array; membarrier(2) for the exposer.
class split_deque {
public:
    explicit split_deque(unsigned capacity)
        : mask_(capacity - 1), slots_(std::make_unique<slot[]>(capacity)) {
        SPARGIO_ASSERT(capacity != 0 && (capacity & mask_) == 0);
    }

    // --- the owner -------------------------------------------------------------------------------

    /// Queues several, one after the other, with one look at what there is room for.
    class batch {
    public:
        explicit batch(split_deque& to) noexcept
            : to_(to),
              back_(to.back_.load(std::memory_order_relaxed)),
              full_at_(front_of(to.ends_.load(std::memory_order_acquire)) + to.mask_ + 1) {}
        /// False: it is full.
        [[nodiscard]] bool push(work_item& item) noexcept {
            if (((full_at_ - back_) & position_mask) == 0) [[unlikely]]
                return false;
            to_.slot_at(back_).store(&item, std::memory_order_relaxed);
            back_ = after(back_);
            return true;
        }
        /// Queues what was pushed since the last time.
        void commit() noexcept { to_.back_.store(back_, std::memory_order_release); }

    private:
        split_deque& to_;
        std::uint32_t back_;
        const std::uint32_t full_at_;
    };

    /// Queues `item`, for nobody else's eyes yet.
    [[nodiscard]] bool push(work_item& item) noexcept {
        batch alone(*this);
        if (!alone.push(item)) [[unlikely]]
            return false;
        alone.commit();
        return true;
    }

    /// Makes everything public but the `kept` newest items. Sequentially consistent if anything
    /// was, as work_share asks of who makes work.
    void share(unsigned kept) noexcept {
        const position back = back_.load(std::memory_order_relaxed);
        word ends = ends_.load(std::memory_order_relaxed);
        while (distance(split_of(ends), back) > kept) {
            const word shared = with_split(ends, (back - kept) & position_mask);
            if (ends_.compare_exchange_weak(ends, shared, std::memory_order_seq_cst,
                                            std::memory_order_relaxed))
                return;
        }
    }

    /// The item queued last, or null.
    [[nodiscard]] work_item* pop() noexcept {
        const position back = back_.load(std::memory_order_relaxed);
        return pop(back, slot_at(before(back)).load(std::memory_order_relaxed));
    }

    /// Pops the item queued last if it is `item`.
    [[nodiscard]] bool pop(const work_item& item) noexcept {
        const position back = back_.load(std::memory_order_relaxed);
        work_item* const newest = slot_at(before(back)).load(std::memory_order_relaxed);
        return newest == &item && pop(back, newest) != nullptr;
    }

    enum class popped : std::uint8_t { no, yes, contested };
    /// Pops `item` if it was queued last and is private, without a call. contested: it may be
    /// another's by now, which pop() tells.
    [[nodiscard]] popped pop_private(const work_item& item) noexcept {
        const position back = back_.load(std::memory_order_relaxed);
        if (slot_at(before(back)).load(std::memory_order_relaxed) != &item)
            return popped::no;
        if (step_back(back)) [[likely]]
            return popped::yes;
        back_.store(back, std::memory_order_relaxed);
        return popped::contested;
    }

    /// How many wait: exact while nobody takes.
    [[nodiscard]] unsigned size() const noexcept {
        return distance(front_of(ends_.load(std::memory_order_relaxed)),
                        back_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    // --- any thread ------------------------------------------------------------------------------

    /// The public item that waits longest; null when there is none, or when another was faster.
    [[nodiscard]] work_item* take() noexcept {
        word ends = ends_.load(std::memory_order_seq_cst);
        const position front = front_of(ends);
        if (front == split_of(ends))
            return nullptr;
        // It may be overwritten while it is read, but then the front has moved.
        work_item* const oldest = slot_at(front).load(std::memory_order_relaxed);
        return ends_.compare_exchange_strong(ends, with_front(ends, after(front)),
                                             std::memory_order_seq_cst, std::memory_order_relaxed)
                   ? oldest
                   : nullptr;
    }

    /// Makes public what the owner has not, while it does something else. `barrier()` makes every
    /// CPU that runs this process pass a full memory barrier, or answers false: nothing is done.
    template <class Barrier>
    void expose(Barrier barrier) noexcept {
        if (hidden() == 0 || exposing(ends_.fetch_or(exposing_bit, std::memory_order_seq_cst)))
            return;
        // Past it the owner has either been seen to pop, or sees that it must wait.
        const bool passed = barrier();
        const position back = back_.load(std::memory_order_acquire);
        word ends = ends_.load(std::memory_order_relaxed);
        word exposed;
        do {
            // As for hidden().
            const bool more = passed && distance(split_of(ends), back) <= mask_ + 1;
            exposed = (more ? with_split(ends, back) : ends) & ~exposing_bit;
        } while (!ends_.compare_exchange_weak(ends, exposed, std::memory_order_seq_cst,
                                              std::memory_order_relaxed));
    }

    /// Public items, an estimate.
    [[nodiscard]] unsigned shared() const noexcept {
        const word ends = ends_.load(std::memory_order_seq_cst);
        return distance(front_of(ends), split_of(ends));
    }
    /// Private items, an estimate.
    [[nodiscard]] unsigned hidden() const noexcept {
        const position split = split_of(ends_.load(std::memory_order_relaxed));
        const unsigned items = distance(split, back_.load(std::memory_order_relaxed));
        // The owner may be about to take a public one.
        return items <= mask_ + 1 ? items : 0;
    }

private:
    // Positions count up modulo 2^31. A taker that slept through just as many is not told apart.
    using position = std::uint32_t;
    using word = std::uint64_t;
    using slot = std::atomic<work_item*>;
    static constexpr position position_mask = 0x7fff'ffff;
    static constexpr unsigned split_shift = 32;
    static constexpr word exposing_bit = word{1} << 63;

    static constexpr position front_of(word ends) noexcept {
        return static_cast<position>(ends) & position_mask;
    }
    static constexpr position split_of(word ends) noexcept {
        return static_cast<position>(ends >> split_shift) & position_mask;
    }
    static constexpr bool exposing(word ends) noexcept { return (ends & exposing_bit) != 0; }
    static constexpr word with_front(word ends, position front) noexcept {
        return (ends & ~word{position_mask}) | front;
    }
    static constexpr word with_split(word ends, position split) noexcept {
        return (ends & (exposing_bit | position_mask)) | word{split} << split_shift;
    }
    static constexpr position after(position at) noexcept { return (at + 1) & position_mask; }
    static constexpr position before(position at) noexcept { return (at - 1) & position_mask; }
    static constexpr unsigned distance(position from, position to) noexcept {
        return (to - from) & position_mask;
    }

    [[nodiscard]] slot& slot_at(position at) const noexcept { return slots_[at & mask_]; }

    /// Moves the back before what lies there. \return whether that is the owner's now: it was
    /// private, and no exposer is about.
    [[nodiscard]] bool step_back(position back) noexcept {
        back_.store(before(back), std::memory_order_relaxed);
        // The CPU may look before others see what it wrote; an exposer's barrier sees to that.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        const word ends = ends_.load(std::memory_order_relaxed);
        return !exposing(ends) && split_of(ends) != back;
    }

    /// Pops what lies before `back`, which was read as `newest`.
    [[nodiscard]] work_item* pop(position back, work_item* newest) noexcept {
        if (split_of(ends_.load(std::memory_order_relaxed)) == back)
            return pop_public(back);
        return step_back(back) ? newest : pop_while_exposed(back);
    }

    /// Nothing is private: the last public item, if nobody takes it first.
    [[gnu::noinline]] work_item* pop_public(position back) noexcept {
        const position newest = before(back);
        word ends = ends_.load(std::memory_order_relaxed);
        if (front_of(ends) == split_of(ends))
            return nullptr;
        // First, so that an exposer who sees the split moved sees this too.
        back_.store(newest, std::memory_order_relaxed);
        work_item* const item = slot_at(newest).load(std::memory_order_relaxed);
        for (backoff between_looks;;) {
            if (exposing(ends)) {
                between_looks.wait();
                ends = ends_.load(std::memory_order_relaxed);
                continue;
            }
            const bool gone = front_of(ends) == split_of(ends);
            // The last one is taken from the front, so that its place is not used again: a taker
            // may have read it, and would take what is pushed there next.
            const bool last = front_of(ends) == newest;
            if (gone || ends_.compare_exchange_weak(
                            ends, last ? with_front(ends, back) : with_split(ends, newest),
                            std::memory_order_acq_rel, std::memory_order_relaxed)) {
                if (gone || last)
                    back_.store(back, std::memory_order_relaxed);
                return gone ? nullptr : item;
            }
        }
    }

    /// The end of a pop() that met an exposer.
    [[gnu::cold, gnu::noinline]] work_item* pop_while_exposed(position back) noexcept {
        word ends = ends_.load(std::memory_order_acquire);
        for (backoff between_looks; exposing(ends); between_looks.wait())
            ends = ends_.load(std::memory_order_acquire);
        if (split_of(ends) != back)
            return slot_at(before(back)).load(std::memory_order_relaxed);
        back_.store(back, std::memory_order_relaxed);
        return pop_public(back);
    }

    const position mask_;
    const std::unique_ptr<slot[]> slots_;
    alignas(64) std::atomic<word> ends_ = 0;      // split and front
    alignas(64) std::atomic<position> back_ = 0;  // written by the owner
};

}  // namespace spargio::detail
