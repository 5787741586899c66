#pragma once

#include "spargio/core/promise.hpp"

namespace spargio {

namespace detail {
struct yield_awaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
        SPARGIO_ASSERT(current_executor() != nullptr);
        go_last(waiter.promise());
    }
    void await_resume() const noexcept {}
};
}  // namespace detail

/// Lets everything else that is ready on this shard run first.
[[nodiscard]] inline detail::yield_awaiter yield() noexcept {
    return {};
}

}  // namespace spargio
