#pragma once

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
    /// Takes `item` back if it was the last one deferred as next and nobody has it yet.
    /// Thread: the executor's own.
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

private:
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
