#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>

#include "spargio/core/frame_recycler.hpp"
#include "spargio/core/task_record.hpp"
#include "spargio/core/transfer.hpp"
#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// What every spargio coroutine carries: how to resume it, who awaits it, whom it works for.
/// Thread: that of the task it belongs to.
struct promise_base : work_item {
    explicit promise_base(std::coroutine_handle<> handle) noexcept
        : work_item(&resume), self(handle) {}

    static void resume(work_item& item) noexcept { static_cast<promise_base&>(item).self.resume(); }

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    std::uint32_t ends;  // of a fork: its own, and those of the siblings it was run after
    std::coroutine_handle<> self;
    promise_base* continuation = nullptr;  // who awaits; of a fork: the sibling to be run after it
    finish_sink* sink = nullptr;           // told of the end, in place of `continuation`
    task_env* env = nullptr;
};

/// Only spargio's own coroutines can wait for spargio's operations: they know their task.
template <class Promise>
concept spargio_promise = std::derived_from<Promise, promise_base>;

/// Queues `target` behind what is ready on the current shard. \pre called on one
inline void go_last(promise_base& target) noexcept {
    target.kind = target.env->record->runs_as;
    current_executor()->defer(target);
}

/// For an await that may not continue in place: others have their turn first, but a tree of forks
/// stays small.
[[gnu::noinline]] inline std::coroutine_handle<> go_through_queue(promise_base& target) noexcept {
    target.kind = target.env->record->runs_as;
    current_executor()->defer_used_up(target);
    return std::noop_coroutine();
}

/// Continues `target` in place, or through the run queue when this resume has had its share.
[[nodiscard, gnu::always_inline]] inline std::coroutine_handle<>
transfer_to(promise_base* target) noexcept {
    if (target == nullptr)
        return std::noop_coroutine();
    if (spend_transfer()) [[likely]]
        return target->self;
    return go_through_queue(*target);
}

/// Queues a coroutine that waited for something other than its own shard's completions: at its
/// task's home, or, if the task may run anywhere, on the shard that wakes it.
/// Thread: any.
inline void wake(promise_base& waiter) noexcept {
    SPARGIO_ASSERT(waiter.env != nullptr && waiter.env->record != nullptr);
    const task_record& record = *waiter.env->record;
    waiter.kind = record.runs_as;
    executor* const here = current_executor();
    if (here == record.home || (record.runs_as == work_kind::stealable && here != nullptr &&
                                here->shares_work_with(*record.home))) {
        here->defer_next(waiter);
    } else {
        record.home->post(waiter);
    }
}

struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
        promise_base& ended = handle.promise();
        // The sink may free `ended`.
        promise_base* const next =
            ended.sink == nullptr ? ended.continuation : ended.sink->finished(ended);
        return transfer_to(next);
    }
    void await_resume() const noexcept {}
};

}  // namespace spargio::detail
