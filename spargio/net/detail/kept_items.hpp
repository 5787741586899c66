#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// A first-in first-out queue that grows, and keeps what it has grown to.
/// Thread: one at a time. Limit: none of its own; a source asks for no more when it holds enough.
template <class T>
class kept_items {
public:
    [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
    [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }

    void push(T item) {
        if (size() == capacity_)
            grow();
        items_[tail_++ & (capacity_ - 1)] = std::move(item);
    }
    /// \pre not empty
    [[nodiscard]] T pop() noexcept {
        SPARGIO_ASSERT(!empty());
        return std::move(items_[head_++ & (capacity_ - 1)]);
    }

private:
    void grow() {
        const std::size_t capacity = capacity_ == 0 ? 8 : 2 * capacity_;
        auto items = std::make_unique<T[]>(capacity);
        const std::size_t count = size();
        for (std::size_t at = 0; at != count; ++at)
            items[at] = pop();
        items_ = std::move(items);
        capacity_ = capacity;
        head_ = 0;
        tail_ = count;
    }

    std::unique_ptr<T[]> items_;
    std::size_t capacity_ = 0;  // a power of two
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
};

}  // namespace spargio::detail
