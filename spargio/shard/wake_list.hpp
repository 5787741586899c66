#pragma once

#include <atomic>

#include "spargio/core/prefetch.hpp"
#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// Work that other threads hand to a shard, linked through the items themselves, in the order each
/// source pushed it.
/// Thread: any thread pushes; the holder of the service claim drains.
/// Limit: none of its own; an item is in it once, and tasks and operations are bounded. A drain
/// takes all there are and visits each twice, so that an item of a burst costs what a lone one
/// does.
class wake_list {
public:
    /// Sequentially consistent, as sleep_gate asks of a source.
    void push(work_item& item) noexcept {
        work_item* head = newest_.load(std::memory_order_relaxed);
        do {
            item.next = head;
        } while (!newest_.compare_exchange_weak(head, &item, std::memory_order_seq_cst,
                                                std::memory_order_relaxed));
    }

    [[nodiscard]] bool empty() const noexcept {
        return newest_.load(std::memory_order_seq_cst) == nullptr;
    }

    /// Moves everything to the end of `to`, oldest first. \return how many items.
    unsigned drain(work_list& to) noexcept {
        // Another CPU wrote the items, and what they carry lies behind them.
        prefetch_for_write(newest_.load(std::memory_order_relaxed));
        work_item* item = newest_.exchange(nullptr, std::memory_order_acquire);
        work_item* oldest = nullptr;
        while (item != nullptr) {
            prefetch_for_write(item);
            work_item* older = item->next;
            item->next = oldest;
            oldest = item;
            item = older;
        }
        unsigned moved = 0;
        while (oldest != nullptr) {
            work_item* newer = oldest->next;
            oldest->next = nullptr;
            to.push(*oldest);
            oldest = newer;
            ++moved;
        }
        return moved;
    }

private:
    alignas(64) std::atomic<work_item*> newest_ = nullptr;
};

}  // namespace spargio::detail
