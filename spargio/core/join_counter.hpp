#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "spargio/core/task.hpp"

namespace spargio::detail {

/// Makes `child` fit to be started, reporting its end to `sink`.
template <class T>
[[gnu::always_inline]] inline promise_base& prepare_child(task<T>& child, finish_sink& sink,
                                                          task_env& env) noexcept {
    SPARGIO_ASSERT(child.valid());
    promise_base& promise = child.promise();
    SPARGIO_ASSERT(promise.continuation == nullptr && promise.sink == nullptr);
    promise.sink = &sink;
    promise.env = &env;
    promise.ends = 1;
    return promise;
}

/// The same for a child that others may run; `sibling` is the one queued before it, or null.
template <class T>
promise_base& prepare_fork(task<T>& child, finish_sink& sink, task_env& env,
                           promise_base* sibling) noexcept {
    promise_base& promise = prepare_child(child, sink, env);
    promise.continuation = sibling;
    promise.kind = work_kind::stealable;
    return promise;
}

/// Starts `child`, reporting its end to `sink`: here and now, below the caller's frame, while this
/// resume has transfers left, else from the run queue. So nested groups use a bounded stack.
template <class T>
void start_child(task<T>& child, finish_sink& sink, task_env& env) {
    promise_base& promise = prepare_child(child, sink, env);
    if (spend_transfer()) [[likely]] {
        promise.self.resume();
    } else {
        go_last(promise);
    }
}

/// Counts children down; the last one to end continues the parent.
///
/// Children of a stealable task are forks: queued for whichever shard has time, the last one first,
/// but for the first, which goes on in the parent's place. A fork that ends takes its next sibling
/// back, if nobody has it yet, and leaves its own end for that one to report: so a family that
/// nobody stole from counts down in one step, without a locked instruction.
/// Thread: children may end on any thread.
class join_counter : public finish_sink {
public:
    explicit join_counter(std::size_t children) noexcept
        : left_(static_cast<std::uint32_t>(children + 1)) {}

    promise_base* finished(promise_base& child) noexcept override {
        if (promise_base* const sibling = child.continuation) {
            using popped = split_deque::popped;
            const popped had = current_executor()->try_take_back(*sibling);
            if (had == popped::contested) [[unlikely]]
                return ask_for_sibling(child);
            if (had == popped::yes)
                return go_on_to(*sibling, child);
        }
        return all_forks_end_with(child) ? parent_ : arrive_in_parts(child.ends);
    }

    /// The parent's own share: it holds the counter up until every child was started.
    [[nodiscard]] std::coroutine_handle<> wait(promise_base& parent) noexcept {
        parent_ = &parent;
        return transfer_to(arrive(1));
    }

    /// Whether the children are forks.
    [[nodiscard]] static bool forks(const promise_base& parent) noexcept {
        return parent.env->record->runs_as == work_kind::stealable;
    }
    /// Before the first fork. The parent has no share of its own: its first child goes on for it.
    void begin_forks(promise_base& parent) noexcept {
        parent_ = &parent;
        forks_ = left_.load(std::memory_order_relaxed) - 1;
        left_.store(forks_, std::memory_order_relaxed);
    }

protected:
    promise_base* arrive(std::uint32_t ends) noexcept {
        // All that are left: nobody else counts any more.
        if (left_.load(std::memory_order_acquire) == ends)
            return parent_;
        return left_.fetch_sub(ends, std::memory_order_acq_rel) == ends ? parent_ : nullptr;
    }
    ~join_counter() = default;

private:
    [[nodiscard]] bool all_forks_end_with(const promise_base& child) const noexcept {
        return child.ends == forks_;
    }
    static promise_base* go_on_to(promise_base& sibling, const promise_base& child) noexcept {
        sibling.ends = child.ends + 1;
        return &sibling;
    }
    // Out of line, both, so that what happens to most needs no registers saved.
    [[gnu::noinline]] promise_base* ask_for_sibling(promise_base& child) noexcept {
        promise_base& sibling = *child.continuation;
        if (current_executor()->take_back(sibling))
            return go_on_to(sibling, child);
        return all_forks_end_with(child) ? parent_ : arrive_in_parts(child.ends);
    }
    /// Of forks, some of which others have, or of children that are none.
    [[gnu::noinline]] promise_base* arrive_in_parts(std::uint32_t ends) noexcept {
        if (forks_ != 0)
            current_executor()->part_ended();
        return arrive(ends);
    }
    std::atomic<std::uint32_t> left_;
    std::uint32_t forks_ = 0;  // 0: the children are no forks
    promise_base* parent_ = nullptr;
};

}  // namespace spargio::detail
