#pragma once

#include "spargio/core/promise.hpp"
#include "spargio/core/result.hpp"

namespace spargio {

namespace detail {
class [[nodiscard]] reschedule_awaiter {
public:
    explicit reschedule_awaiter(unsigned shard) noexcept : shard_(shard) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<void> await_resume() const noexcept { return outcome_; }

private:
    [[nodiscard]] bool start(promise_base& waiter) noexcept;

    unsigned shard_;
    result<void> outcome_;
};
}  // namespace detail

/// Goes on on shard `shard` of the same runtime, where a stealable task stays until it waits again;
/// it is not stolen on its way. Yields at once when it is there already. A stop request does not
/// end it: the hop is short.
/// Errors: errc::no_such_shard; std::errc::operation_not_permitted from a task that is pinned to
/// another shard. Then the task is where it was. \pre called on a shard
[[nodiscard]] inline detail::reschedule_awaiter reschedule_on(unsigned shard) noexcept {
    return detail::reschedule_awaiter(shard);
}

}  // namespace spargio
