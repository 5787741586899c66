#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// A first-in first-out queue that grows, and keeps what it has grown to.
/// Thread: one at a time. Limit: memory; a source asks for no more when it holds enough.
template <class T>
class kept_items {
public:
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }

    /// False: there is no memory for it, and `item` has ended.
    [[nodiscard]] bool push(T item) noexcept {
        if (size() == capacity_ && !grow())
            return false;
        items_[tail_++ & (capacity_ - 1)] = std::move(item);
        return true;
    }
    /// \pre not empty
    [[nodiscard]] T pop() noexcept {
        SPARGIO_ASSERT(!empty());
        return std::move(items_[head_++ & (capacity_ - 1)]);
    }

private:
    bool grow() noexcept {
        const std::size_t capacity = capacity_ == 0 ? 8 : 2 * capacity_;
        std::unique_ptr<T[]> items(new (std::nothrow) T[capacity]);
        if (items == nullptr)
            return false;
        const std::size_t count = size();
        for (std::size_t at = 0; at != count; ++at)
            items[at] = pop();
        items_ = std::move(items);
        capacity_ = capacity;
        head_ = 0;
        tail_ = count;
        return true;
    }

    std::unique_ptr<T[]> items_;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace spargio::detail
