#pragma once

#include <cstddef>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// Things in the order they came, linked through their own `next` and `prev`; any of them may
/// leave. It owns nothing. One thread at a time.
template <class T>
class linked_line {
public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The one that came first, or null.
    [[nodiscard]] T* first() const noexcept { return first_; }

    void push(T& last) noexcept {
        SPARGIO_ASSERT(!contains(last));
        last.next = nullptr;
        last.prev = last_;
        (last_ != nullptr ? last_->next : first_) = &last;
        last_ = &last;
        ++size_;
    }
    /// For what is in this line or in none.
    [[nodiscard]] bool contains(const T& one) const noexcept {
        return one.prev != nullptr || first_ == &one;
    }
    /// \pre `leaving` is in this line
    void remove(T& leaving) noexcept {
        (leaving.prev != nullptr ? leaving.prev->next : first_) = leaving.next;
        (leaving.next != nullptr ? leaving.next->prev : last_) = leaving.prev;
        leaving.next = nullptr;
        leaving.prev = nullptr;
        --size_;
    }
    /// Removes the one that came first. \return it, or null.
    T* pop() noexcept {
        T* const oldest = first_;
        if (oldest != nullptr)
            remove(*oldest);
        return oldest;
    }

private:
    T* first_ = nullptr;
    T* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace spargio::detail
