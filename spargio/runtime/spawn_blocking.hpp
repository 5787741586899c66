#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/blocking_pool.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio {

namespace detail {

/// Waits, on a shard, for a call that a thread of the runtime's pool makes.
class blocking_wait : stoppable_wait, blocking_pool::job {
protected:
    blocking_wait() noexcept : job(&run_job) {}
    ~blocking_wait() = default;

    [[nodiscard]] bool start(promise_base& waiter);
    /// Why the call was not made; empty when it was.
    [[nodiscard]] std::error_code refusal() const noexcept { return refusal_; }

private:
    /// Makes the call, on the pool's thread.
    virtual void call() noexcept = 0;
    static void run_job(blocking_pool::job& work) noexcept;
    bool on_stop() noexcept override;

    blocking_pool* pool_ = nullptr;
    std::error_code refusal_;
};

template <class Function>
class [[nodiscard]] blocking_awaiter final : blocking_wait {
    using value = std::invoke_result_t<Function&>;

public:
    explicit blocking_awaiter(Function function) : function_(std::move(function)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise());
    }
    result<value> await_resume() {
        if (refusal())
            return failure(refusal());
        if constexpr (std::is_void_v<value>) {
            outcome_.take();
            return {};
        } else {
            return outcome_.take();
        }
    }

private:
    void call() noexcept override {
        try {
            if constexpr (std::is_void_v<value>) {
                function_();
                outcome_.set_value();
            } else {
                outcome_.set_value(function_());
            }
        } catch (...) {
            outcome_.set_exception(std::current_exception());
        }
    }

    Function function_;
    outcome_slot<value> outcome_;
};

}  // namespace detail

/// Calls `function` on a thread of the runtime's blocking pool and yields what it returns, or
/// rethrows. For what has no other way than to block: the shard goes on meanwhile.
/// Errors: errc::overloaded when all threads are busy and the queue is full, errc::shut_down,
/// std::errc::operation_canceled when a stop request came before the call began; the call was not
/// made then. A call that has begun is waited for. \pre awaited on a shard
template <std::invocable Function>
[[nodiscard]] auto spawn_blocking(Function function) {
    return detail::blocking_awaiter<Function>(std::move(function));
}

}  // namespace spargio
