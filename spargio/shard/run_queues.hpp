#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "spargio/core/work_item.hpp"
#include "spargio/shard/stealable_queue.hpp"

namespace spargio::detail {

/// What is ready on one shard, and in which order it is run.
///
///   pinned   first in, first out; nobody else's
///   shared   first in, first out; others may take from its front
///   next     last in, first out: what the running task woke or forked; others take its oldest
///
/// `next` goes first, which keeps a chain of wakes in one cache and a tree of forks small; after
/// `most_next_in_a_row` of it one of the three gets its turn in rotation, so nothing waits for
/// ever. Of `next` every eighth such turn is its oldest item's: in a tree of forks that is a
/// subtree which a thief would rather find whole.
/// Thread: the owner; any may steal.
/// Limit: steal_options::capacity items in each of the stealable two; what does not fit is run
/// here, in its order, and cannot be stolen.
class run_queues {
public:
    static constexpr unsigned most_next_in_a_row = 16;
    static constexpr unsigned turns_for_its_oldest = 8;

    explicit run_queues(const steal_options& how) : shared_(how), next_(how) {}

    // --- the owner -------------------------------------------------------------------------------

    void push(work_item& item) noexcept {
        if (item.kind != work_kind::stealable || !shared_.push(item)) {
            pinned_.push(item);
        } else {
            shared_.share(0);
        }
    }
    /// As what is to be run next, if it is stealable, and then for nobody else before share_next().
    void push_next(work_item& item) noexcept {
        if (item.kind != work_kind::stealable || !next_.push(item))
            push(item);
    }
    /// Others have taken all of the next items that were theirs.
    [[nodiscard]] bool keeps_all_next() const noexcept { return next_.shared() == 0; }
    /// Lets others have the next items, but for the `kept` newest.
    void share_next(unsigned kept) noexcept { next_.share(kept); }

    /// Where next items may be put and taken back without this; null with a mutex.
    [[nodiscard]] split_deque* next_items() noexcept { return next_.lock_free(); }
    /// Takes `item` back if it is the one that was queued last as next and nobody has it.
    [[nodiscard]] bool take_back(const work_item& item) noexcept { return next_.pop(item); }

    /// The item whose turn it is, or null. Null may be wrong while others steal: see empty().
    [[nodiscard]] work_item* pop() noexcept {
        if (next_in_a_row_ != most_next_in_a_row) {
            if (work_item* const newest = pop_newest())
                return newest;
        }
        next_in_a_row_ = 0;
        for (int lane = 0; lane != 3; ++lane) {
            turn_ = turn_ == 2 ? 0 : turn_ + 1;
            if (turn_ == 0) {
                if (!pinned_.empty())
                    return &pinned_.pop();
                continue;
            }
            work_item* oldest = nullptr;
            if (turn_ == 1) {
                oldest = shared_.take();
            } else if (++turns_of_next_ == turns_for_its_oldest) {
                turns_of_next_ = 0;
                next_.share(0);
                oldest = next_.take();
            }
            if (oldest != nullptr) {
                ++stealable_popped_;
                return oldest;
            }
        }
        return pop_newest();
    }
    /// Of the items popped, those that others could have taken.
    [[nodiscard]] std::uint64_t stealable_popped() const noexcept { return stealable_popped_; }

    [[nodiscard]] std::size_t size() const noexcept {
        return pinned_.size() + shared_.size() + next_.size();
    }
    /// The same, with so many of the next items at most.
    [[nodiscard]] std::size_t size(unsigned most_next) const noexcept {
        return pinned_.size() + shared_.size() + std::min(next_.size(), most_next);
    }
    [[nodiscard]] bool empty() const noexcept {
        return pinned_.empty() && shared_.empty() && next_.empty();
    }

    // --- any thread ------------------------------------------------------------------------------

    /// How many shared items could be stolen, an estimate.
    [[nodiscard]] unsigned stealable() const noexcept { return shared_.shared(); }
    /// How many next items could be stolen, an estimate.
    [[nodiscard]] unsigned stealable_next() const noexcept { return next_.shared(); }
    /// The oldest of the shared items, or null.
    [[nodiscard]] work_item* steal() noexcept { return shared_.take(); }
    /// The oldest of the next items, or null: of a tree of forks it is the largest.
    [[nodiscard]] work_item* steal_next() noexcept { return next_.take(); }
    /// How many of the next items are not for others yet, an estimate.
    [[nodiscard]] unsigned hidden() const noexcept { return next_.hidden(); }
    /// Lets others have them, on behalf of an owner that is busy: see split_deque::expose().
    template <class Barrier>
    void expose_next(Barrier barrier) noexcept {
        next_.expose(barrier);
    }

private:
    [[nodiscard]] work_item* pop_newest() noexcept {
        work_item* const newest = next_.pop();
        if (newest != nullptr) {
            ++next_in_a_row_;
            ++stealable_popped_;
        }
        return newest;
    }

    work_list pinned_;
    std::uint64_t stealable_popped_ = 0;
    unsigned next_in_a_row_ = 0;
    int turn_ = 0;
    unsigned turns_of_next_ = 0;
    stealable_queue shared_;
    stealable_queue next_;
};

}  // namespace spargio::detail
