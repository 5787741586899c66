#pragma once

#include <optional>
#include <utility>

#include "spargio/core/task.hpp"

namespace spargio::detail {

/// Awaits `child` although the awaiting task was asked to stop, or is. What stops only the await,
/// such as a timeout() around it, stops the child. Thread: the shard it is awaited on.
template <class T>
class [[nodiscard]] despite_task_stop final : finish_sink {
public:
    explicit despite_task_stop(task<T> child) noexcept : child_(std::move(child)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        const task_env& outer = *waiter.promise().env;
        waiter_ = &waiter.promise();
        env_.record = outer.record;
        env_.stop = source_.get_token();
        follow_.emplace(outer.stop, stop_child{&source_, outer.record});
        promise_base& child = child_.promise();
        child.sink = this;
        child.env = &env_;
        return transfer_to(&child);
    }
    T await_resume() {
        follow_.reset();
        return child_.promise().slot.take();
    }

private:
    struct stop_child {
        stop_source* source;
        const task_record* record;
        void operator()() const noexcept {
            if (!record->stop.stop_requested())
                source->request_stop();
        }
    };

    promise_base* finished(promise_base&) noexcept override { return waiter_; }

    task<T> child_;
    promise_base* waiter_ = nullptr;
    stop_source source_;
    task_env env_;
    std::optional<stop_callback<stop_child>> follow_;
};

}  // namespace spargio::detail
