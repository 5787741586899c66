#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// What split_deque does, by a mutex: to compare with, and to fall back on where a fault in the
/// other is suspected. Thread: as there, but any thread may do anything. Limit: `capacity` items, a
/// power of two.
class mutex_deque {
public:
    explicit mutex_deque(unsigned capacity)
        : mask_(capacity - 1), slots_(std::make_unique<work_item*[]>(capacity)) {
        SPARGIO_ASSERT(capacity != 0 && (capacity & mask_) == 0);
    }

    [[nodiscard]] bool push(work_item& item) noexcept {
        const std::lock_guard guard(mutex_);
        if (back_ - front_ > mask_)
            return false;
        slots_[back_++ & mask_] = &item;
        count();
        return true;
    }

    [[nodiscard]] work_item* pop() noexcept {
        const std::lock_guard guard(mutex_);
        return front_ == back_ ? nullptr : take_back();
    }
    [[nodiscard]] bool pop(const work_item& item) noexcept {
        const std::lock_guard guard(mutex_);
        return front_ != back_ && slots_[(back_ - 1) & mask_] == &item && take_back() != nullptr;
    }

    [[nodiscard]] work_item* take() noexcept {
        if (empty())
            return nullptr;
        const std::lock_guard guard(mutex_);
        if (front_ == back_)
            return nullptr;
        work_item* const oldest = slots_[front_++ & mask_];
        count();
        return oldest;
    }

    [[nodiscard]] unsigned size() const noexcept { return size_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

private:
    work_item* take_back() noexcept {
        work_item* const newest = slots_[--back_ & mask_];
        count();
        return newest;
    }
    void count() noexcept {
        size_.store(static_cast<unsigned>(back_ - front_), std::memory_order_seq_cst);
    }

    std::mutex mutex_;
    const std::size_t mask_;
    const std::unique_ptr<work_item*[]> slots_;
    std::size_t front_ = 0;
    std::size_t back_ = 0;
    std::atomic<unsigned> size_ = 0;  // for those who only look
};

}  // namespace spargio::detail
