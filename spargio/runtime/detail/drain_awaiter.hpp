#pragma once

#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Begins a runtime's shutdown on behalf of the awaiting task, and waits until only tasks that wait
/// like it are left. Yields whether that is so.
class drain_awaiter final : stoppable_wait {
public:
    explicit drain_awaiter(runtime_core& core) noexcept : core_(core) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise());
    }
    [[nodiscard]] bool await_resume() const noexcept { return place_.drained; }

private:
    [[nodiscard]] bool start(promise_base& waiter);
    bool on_stop() noexcept override;

    runtime_core& core_;
    drain_wait place_;
};

}  // namespace spargio::detail
