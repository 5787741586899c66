#pragma once

#include <atomic>
#include <cstddef>

#include "spargio/core/frame_pool.hpp"
#include "spargio/core/pause.hpp"

namespace spargio::detail {

/// Free blocks on their way from threads that free more than they take to threads that take more
/// than they free, as those do whose tasks are stolen: in batches, a list for each size class.
/// Limit: `bytes_per_class` of each class; past it give() answers false.
/// Thread: any. One lock a class, held for a few pointer writes, taken once a batch.
/// Source: Bonwick and Adams, "Magazines and Vmem" (USENIX 2001).
class frame_depot {
public:
    static constexpr std::size_t bytes_per_class = std::size_t{1} << 20;

    /// Takes a batch of blocks of class `index` over. False: no room, they stay the caller's.
    [[nodiscard]] bool give(std::size_t index, frame_pool::batch given) noexcept {
        shelf& on = shelves_[index];
        on.lock();
        const bool fits = (on.batches + 1) * frame_pool::batch_bytes(index) <= bytes_per_class;
        if (fits) {
            given.first->next_batch = on.newest;
            on.newest = given.first;
            ++on.batches;
        }
        on.unlock();
        return fits;
    }

    /// A batch of class `index`, or an empty one.
    [[nodiscard]] frame_pool::batch take(std::size_t index) noexcept {
        shelf& from = shelves_[index];
        if (from.batches_seen() == 0)
            return {};
        from.lock();
        frame_pool::block* const first = from.newest;
        if (first != nullptr) {
            from.newest = first->next_batch;
            --from.batches;
        }
        from.unlock();
        return {first};
    }

private:
    struct alignas(64) shelf {
        void lock() noexcept {
            for (backoff between_tries; held.exchange(true, std::memory_order_acquire);)
                between_tries.wait();
        }
        void unlock() noexcept {
            seen.store(batches, std::memory_order_relaxed);
            held.store(false, std::memory_order_release);
        }
        /// Without the lock: an estimate.
        [[nodiscard]] std::size_t batches_seen() const noexcept {
            return seen.load(std::memory_order_relaxed);
        }

        std::atomic<bool> held = false;
        std::atomic<std::size_t> seen = 0;
        std::size_t batches = 0;  // the rest under the lock
        frame_pool::block* newest = nullptr;
    };

    shelf shelves_[frame_pool::class_count];
};

}  // namespace spargio::detail
