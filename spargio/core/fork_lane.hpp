#pragma once

#include <atomic>

#include "spargio/core/counter.hpp"
#include "spargio/core/split_deque.hpp"
#include "spargio/core/work_share.hpp"

namespace spargio::detail {

/// What coroutines may know of their executor's next items, so that a fork is queued and taken back
/// without a call: where they lie, and when the executor wants to be asked.
/// Thread: the executor's.
class fork_lane {
public:
    /// Of an executor that wants to be asked each time.
    fork_lane() = default;
    /// `taken_back` counts the forks that were.
    fork_lane(split_deque& items, const std::atomic<bool>& worth_sharing,
              counter<>& taken_back) noexcept
        : items_(&items), worth_sharing_(&worth_sharing), taken_back_(&taken_back) {}

    /// Others take part from now on.
    void meet(const work_share& others) noexcept { others_ = &others; }

    /// Null: the executor is to be asked.
    [[nodiscard]] split_deque* items() const noexcept { return items_; }
    /// Nothing here is for others, who may want it: the executor is to be told.
    [[nodiscard]] bool keeps_all() const noexcept { return items_->shared() == 0 && shares(); }

    using popped = split_deque::popped;
    /// Takes `item` back if it was the last one queued and nobody has it yet. contested: the
    /// executor is to be asked, since others may want of what is kept here, or one of them a bell,
    /// or one is after this one.
    [[nodiscard]] popped take_back(const work_item& item) noexcept {
        if (items_ == nullptr || (shares() && (items_->shared() == 0 || others_->idle_hands())))
            return popped::contested;
        const popped had = items_->pop_private(item);
        if (had == popped::yes) [[likely]]
            ++*taken_back_;
        return had;
    }

private:
    [[nodiscard]] bool shares() const noexcept {
        return others_ != nullptr && worth_sharing_->load(std::memory_order_relaxed);
    }

    split_deque* items_ = nullptr;
    const work_share* others_ = nullptr;
    const std::atomic<bool>* worth_sharing_ = nullptr;
    counter<>* taken_back_ = nullptr;
};

}  // namespace spargio::detail
