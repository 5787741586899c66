#include "spargio/runtime/task_group.hpp"

namespace spargio {

result<void> task_group::spawn(placement where, task<void> work, spawn_options options) {
    auto give = [work = std::move(work)]() mutable { return std::move(work); };
    return adopt(where, run(*this, std::optional(std::move(give))), options);
}

result<void> task_group::adopt(placement where, task<void> child, spawn_options options) {
    left_.fetch_add(1, std::memory_order_relaxed);
    // Never the last: the join still to come, or the child that spawns, holds the count up.
    const auto undo = [this] { left_.fetch_sub(1, std::memory_order_relaxed); };
    try {
        auto started = this_runtime().spawn(where, std::move(child), options);
        if (started) {
            started->detach();
            return {};
        }
        undo();
        return failure(started.error());
    } catch (...) {
        undo();
        throw;
    }
}

bool task_group::wait(detail::promise_base& waiter) noexcept {
    SPARGIO_ASSERT(!joined_);
    joined_ = true;
    waiter_ = &waiter;
    return left_.fetch_sub(1, std::memory_order_acq_rel) != 1;
}

void task_group::failed(std::exception_ptr thrown) noexcept {
    {
        const std::lock_guard guard(failing_);
        if (thrown_ == nullptr)
            thrown_ = std::move(thrown);
    }
    source_.request_stop();
}

void task_group::arrive() noexcept {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        detail::wake(*waiter_);
}

}  // namespace spargio
