#pragma once

#include <cstddef>
#include <cstdint>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// Who may run an item.
enum class work_kind : std::uint8_t {
    pinned,     // the shard it was queued on
    stealable,  // any shard of the runtime
    request,    // whoever services the shard it was posted to, there and then, under its claim
};

/// Anything a shard can run: a coroutine to resume, a task to start, a request from elsewhere.
/// It is linked into at most one queue at a time; the queues own nothing.
struct work_item {
    using run_function = void (*)(work_item&) noexcept;

    explicit work_item(run_function function) noexcept : run(function) {}
    work_item(const work_item&) = delete;
    work_item& operator=(const work_item&) = delete;

    work_item* next = nullptr;
    run_function run;
    work_kind kind = work_kind::pinned;
};

/// A first-in first-out list of work items. One thread at a time.
class work_list {
public:
    [[nodiscard]] bool empty() const noexcept { return head_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void push(work_item& item) noexcept {
        SPARGIO_ASSERT(item.next == nullptr && tail_ != &item);
        if (tail_ != nullptr) {
            tail_->next = &item;
        } else {
            head_ = &item;
        }
        tail_ = &item;
        ++size_;
    }

    /// The oldest item. \pre not empty.
    work_item& pop() noexcept {
        SPARGIO_ASSERT(head_ != nullptr);
        work_item& item = *head_;
        head_ = item.next;
        if (head_ == nullptr)
            tail_ = nullptr;
        item.next = nullptr;
        --size_;
        return item;
    }

private:
    work_item* head_ = nullptr;
    work_item* tail_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace spargio::detail
