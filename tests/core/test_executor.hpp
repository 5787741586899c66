#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "spargio/core/task.hpp"

namespace spargio::test {

/// A shard's stand-in: one queue, run by whoever calls run().
class test_executor final : public detail::executor {
public:
    void post(detail::work_item& item) noexcept override {
        {
            std::lock_guard guard(mutex_);
            posted_.push(item);
        }
        arrived_.notify_one();
    }
    void defer(detail::work_item& item) noexcept override { ready_.push(item); }

    /// Runs until nothing is queued; answers how many items it ran.
    std::size_t run() {
        detail::executor_scope scope(this);
        std::size_t ran = 0;
        while (take_posted()) {
            while (!ready_.empty()) {
                detail::work_item& item = ready_.pop();
                detail::refill_transfers();
                item.run(item);
                ++ran;
            }
        }
        return ran;
    }

    /// Runs what is queued and what arrives, until `stop` is requested.
    void run_until(const std::stop_token& stop) {
        for (;;) {
            run();
            std::unique_lock guard(mutex_);
            if (!arrived_.wait(guard, stop, [this] { return !posted_.empty(); }))
                return;
        }
    }

private:
    bool take_posted() {
        std::lock_guard guard(mutex_);
        while (!posted_.empty())
            ready_.push(posted_.pop());
        return !ready_.empty();
    }

    detail::work_list ready_;
    std::mutex mutex_;
    std::condition_variable_any arrived_;
    detail::work_list posted_;
};

/// A test_executor with a thread of its own.
class test_thread {
public:
    test_executor executor;

private:
    std::jthread thread_{[this](const std::stop_token& stop) { executor.run_until(stop); }};
};

/// A task at the root of a call chain.
template <class T>
class root final : detail::finish_sink {
public:
    root(test_executor& executor, task<T> body) : record_(executor), body_(std::move(body)) {
        detail::promise_base& promise = body_.promise();
        promise.sink = this;
        promise.env = &record_.env;
        executor.post(promise);
    }

    [[nodiscard]] bool done() const { return done_; }
    bool request_stop() { return record_.stop.request_stop(); }
    [[nodiscard]] stop_token token() { return record_.stop.get_token(); }
    T take() {
        SPARGIO_ASSERT(done_);
        return body_.promise().slot.take();
    }

private:
    detail::promise_base* finished(detail::promise_base&) noexcept override {
        done_ = true;
        return nullptr;
    }

    detail::task_record record_;
    task<T> body_;
    bool done_ = false;
};

/// Runs `body` to its end on an executor of its own.
template <class T>
T run(task<T> body) {
    test_executor executor;
    root<T> started(executor, std::move(body));
    executor.run();
    return started.take();
}

/// Suspends one task until opened.
class gate {
public:
    bool await_ready() const noexcept { return open_; }
    template <detail::spargio_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        waiter_ = &handle.promise();
    }
    void await_resume() const noexcept {}

    void open() {
        open_ = true;
        if (waiter_ != nullptr)
            wake(*std::exchange(waiter_, nullptr));
    }
    [[nodiscard]] bool has_waiter() const { return waiter_ != nullptr; }

private:
    bool open_ = false;
    detail::promise_base* waiter_ = nullptr;
};

/// Suspends until the task is asked to stop.
class until_stopped {
public:
    bool await_ready() const noexcept { return false; }
    template <detail::spargio_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        callback_.emplace(handle.promise().env->stop, wake_up{&handle.promise()});
    }
    void await_resume() noexcept { callback_.reset(); }

private:
    struct wake_up {
        detail::promise_base* waiter;
        void operator()() const noexcept { wake(*waiter); }
    };
    std::optional<stop_callback<wake_up>> callback_;
};

/// Continues on `target`'s thread.
struct move_to {
    test_executor& target;

    bool await_ready() const noexcept { return false; }
    template <detail::spargio_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
        target.post(handle.promise());
    }
    void await_resume() const noexcept {}
};

/// Answers something about the coroutine that asks, without suspending it.
template <class Function>
struct inspect {
    Function function;
    std::invoke_result_t<Function&, detail::promise_base&> answer{};

    explicit inspect(Function look) : function(std::move(look)) {}
    bool await_ready() const noexcept { return false; }
    template <detail::spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        answer = function(handle.promise());
        return false;
    }
    auto await_resume() const noexcept { return answer; }
};

inline auto current_env() {
    return inspect([](detail::promise_base& promise) { return promise.env; });
}

inline auto current_token() {
    return inspect([](detail::promise_base& promise) { return promise.env->stop; });
}

}  // namespace spargio::test
