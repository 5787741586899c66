#pragma once

#include <atomic>
#include <chrono>
#include <utility>

#include "spargio/core/awaitable.hpp"
#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/time_span.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/shard/sleep_awaiter.hpp"
#include "spargio/time/clock.hpp"
#include "spargio/time/point_in_time.hpp"

namespace spargio {
namespace detail {

/// Runs a task under a deadline: when it passes, the task is asked to stop, and what it then
/// answers is the answer.
///
/// The deadline belongs to the shard where the wait began, and lies in memory of its own, so that
/// a task that ends elsewhere need not wait for that shard: it takes its leave of the deadline, and
/// has it removed when that shard comes by.
/// Thread: begins on one shard; the task, and a stealable task's deadline, may end on any.
class deadline_wait : finish_sink {
public:
    deadline_wait(std::uint64_t ns, bool relative) noexcept : ns_(ns), relative_(relative) {}

protected:
    ~deadline_wait() = default;

    [[nodiscard]] std::coroutine_handle<> start(promise_base& waiter, promise_base& child);
    /// Stops following the parent's token. Call before the child's outcome is looked at.
    void finish() noexcept { source_.unlink(); }
    [[nodiscard]] bool expired() const noexcept { return expired_; }

private:
    class alarm;

    promise_base* finished(promise_base& child) noexcept override;
    void expire() noexcept;

    std::uint64_t ns_;
    bool relative_;
    bool expired_ = false;  // and was the first to ask the task to stop
    // Of the task's end and the deadline's, once that has begun, the later one goes on.
    std::atomic<bool> one_ended_ = false;
    promise_base* waiter_ = nullptr;
    alarm* alarm_ = nullptr;
    linked_stop_source source_;
    task_env env_;
};

/// result<T> stays, T becomes result<T>.
template <class T>
struct as_result {
    using type = result<T>;
    static constexpr bool wrapped = false;
};
template <class T>
struct as_result<result<T>> {
    using type = result<T>;
    static constexpr bool wrapped = true;
};

template <class T>
class [[nodiscard]] timeout_awaiter final : deadline_wait {
public:
    using value = typename as_result<T>::type;

    timeout_awaiter(std::uint64_t ns, bool relative, task<T> child) noexcept
        : deadline_wait(ns, relative), child_(std::move(child)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise(), child_.promise());
    }
    value await_resume() {
        finish();
        if constexpr (as_result<T>::wrapped) {
            value answer = child_.promise().slot.take();
            if (!answer && expired() && answer.error() == std::errc::operation_canceled)
                return failure(ETIMEDOUT);
            return answer;
        } else {
            return take();
        }
    }

private:
    value take() {
        try {
            if constexpr (std::is_void_v<T>) {
                child_.promise().slot.take();
                // It ended, but whether by itself or because it was asked to, it does not say.
                if (expired())
                    return failure(ETIMEDOUT);
                return {};
            } else {
                return child_.promise().slot.take();
            }
        } catch (const std::system_error& thrown) {
            if (expired() && thrown.code() == std::errc::operation_canceled)
                return failure(ETIMEDOUT);
            throw;
        }
    }

    task<T> child_;
};

}  // namespace detail

namespace detail {

/// Whatever can be awaited, as a task. By reference: most awaiters cannot be moved, and who awaits
/// the task in the same expression keeps it.
template <awaitable Awaitable>
task<awaited_t<Awaitable>> as_task(Awaitable&& work) {
    if constexpr (makes_awaiter<Awaitable>) {
        co_return co_await std::forward<Awaitable>(work);
    } else {
        // As what it is by name: g++ 12 moves an awaiter that is forwarded.
        co_return co_await work;
    }
}

}  // namespace detail

/// Runs `work` for at most `limit` and yields its result. When the time is up the task is asked to
/// stop and awaited: if it then answers std::errc::operation_canceled, as a result or as an
/// exception, the answer is std::errc::timed_out; a real result that came first is kept, so no byte
/// and no descriptor is lost. A task of void that ends after the deadline counts as timed out.
/// A task that does not heed its stop token is waited for. The limit counts from the shard's next
/// service on: the rest of this turn comes on top.
template <class T>
[[nodiscard]] auto timeout(time_span limit, task<T> work) noexcept {
    return detail::timeout_awaiter<T>(detail::positive_ns(limit), true, std::move(work));
}

/// The same with a point in time.
template <class T>
[[nodiscard]] auto timeout_at(point_in_time<clock> when, task<T> work) noexcept {
    return detail::timeout_awaiter<T>(detail::ns_of(when), false, std::move(work));
}

/// The same for anything else that can be awaited, an operation or a handle, at the price of one
/// recycled frame. \pre awaited in the expression that makes it: `work` may be a temporary
template <awaitable Awaitable>
requires(!detail::is_task<std::remove_cvref_t<Awaitable>>)
    [[nodiscard]] auto timeout(time_span limit, Awaitable&& work) {
    return timeout(limit, detail::as_task(std::forward<Awaitable>(work)));
}
template <awaitable Awaitable>
requires(!detail::is_task<std::remove_cvref_t<Awaitable>>)
    [[nodiscard]] auto timeout_at(point_in_time<clock> when, Awaitable&& work) {
    return timeout_at(when, detail::as_task(std::forward<Awaitable>(work)));
}

}  // namespace spargio
