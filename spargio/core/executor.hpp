#pragma once

#include "spargio/core/fork_lane.hpp"
#include "spargio/core/thread_state.hpp"
#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// Where work runs, as far as coroutines need to know it: a shard, or a test's stand-in.
class executor {
public:
    /// Queues `item` to run on the executor's thread. Thread: any. Never fails.
    virtual void post(work_item& item) noexcept = 0;
    /// Queues `item` behind what is ready now. Thread: the executor's own.
    virtual void defer(work_item& item) noexcept = 0;
    /// The same, but `item` may be run before older ones: it is what the running one leads to.
    /// Thread: the executor's own.
    virtual void defer_next(work_item& item) noexcept { defer(item); }
    /// Defers one that has had its share: behind what is ready, but as next while forks wait there,
    /// so that a tree of them stays small. Thread: the executor's own.
    void defer_used_up(work_item& item) noexcept {
        const split_deque* const forks = forks_.items();
        if (forks != nullptr && forks->empty()) {
            defer(item);
        } else {
            defer_next(item);
        }
    }
    /// Defers forks as next: calls `each(add)`, which calls add(fork) for each, to be run first the
    /// last. Thread: the executor's own.
    template <class Each>
    void defer_forks(Each each) noexcept {
        if (forks_.items() == nullptr) {
            each([this](work_item& fork) { defer_next(fork); });
            return;
        }
        split_deque::batch queued(*forks_.items());
        each([&](work_item& fork) {
            if (!queued.push(fork)) [[unlikely]]
                defer(fork);
        });
        queued.commit();
        if (forks_.keeps_all()) [[unlikely]]
            offer_forks();
    }
    /// Takes `fork` back if it was the last one deferred as next and nobody has it yet, as far as
    /// that can be told without a call. Thread: the executor's own.
    [[nodiscard]] split_deque::popped try_take_back(const work_item& fork) noexcept {
        return forks_.take_back(fork);
    }
    /// The same, for when that was contested. By itself: nothing is taken back.
    [[nodiscard]] virtual bool take_back(work_item&) noexcept { return false; }
    /// Forks of a family that others have taken part in have ended here, and what they lead to has
    /// not begun. Thread: the executor's own.
    virtual void part_ended() noexcept {}
    /// Whether stealable work of `other` may as well be run here. Thread: any.
    [[nodiscard]] bool shares_work_with(const executor& other) const noexcept {
        return family_ == other.family_;
    }
    /// Executors of one family run each other's stealable work; by itself each is its own.
    void join_family(const void* family) noexcept { family_ = family; }

protected:
    executor() = default;
    ~executor() = default;
    /// Forks lie there from now on. \pre none has been deferred
    void keep_forks_in(const fork_lane& lane) noexcept { forks_ = lane; }
    /// Others take part from now on.
    void share_forks_with(const work_share& others) noexcept { forks_.meet(others); }

private:
    /// Forks have been queued, and others have none of those here.
    virtual void offer_forks() noexcept {}

    fork_lane forks_;
    const void* family_ = this;
};

/// The executor of the calling thread, or null.
[[nodiscard]] inline executor* current_executor() noexcept {
    return this_thread().current;
}

/// Makes `value` the calling thread's executor until the scope ends.
class executor_scope {
public:
    explicit executor_scope(executor* value) noexcept;
    ~executor_scope();
    executor_scope(const executor_scope&) = delete;
    executor_scope& operator=(const executor_scope&) = delete;

private:
    executor* previous_;
};

}  // namespace spargio::detail
