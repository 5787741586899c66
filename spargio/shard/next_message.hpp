#pragma once

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits for the current shard's next message.
class [[nodiscard]] message_awaiter final : stoppable_wait {
public:
    message_awaiter() = default;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<message> await_resume() const noexcept;

private:
    [[nodiscard]] bool start(promise_base& waiter) noexcept;
    bool on_stop() noexcept override;

    shard::message_wait wait_;
    bool cancelled_ = false;
};

}  // namespace spargio::detail
