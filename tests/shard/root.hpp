#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::shard_test {

/// Without what SPARGIO_DISABLE forces off, as a runtime sees to for its shards.
[[nodiscard]] inline shard_options as_environment_has_it(shard_options options) {
    options.ring.disabled.add(features_disabled_by_environment());
    return options;
}

/// A task at the root of a call chain, on a shard.
template <class T>
class root final : detail::finish_sink {
public:
    root(shard& home, task<T> body) : record_(home), home_(home), body_(std::move(body)) {
        body_.promise().sink = this;
        body_.promise().env = &record_.env;
    }
    /// Queues the task. Thread: any.
    void start() { home_.post(body_.promise()); }

    /// Called when the task has ended, on its shard.
    std::function<void()> at_end;

    [[nodiscard]] bool done() const { return done_.load(std::memory_order_acquire); }
    bool request_stop() { return record_.stop.request_stop(); }
    [[nodiscard]] stop_source& stop() { return record_.stop; }
    T take() {
        SPARGIO_ASSERT(done());
        return body_.promise().slot.take();
    }

private:
    detail::promise_base* finished(detail::promise_base&) noexcept override {
        const auto tell = std::move(at_end);
        done_.store(true, std::memory_order_release);
        if (tell)
            tell();
        return nullptr;
    }

    detail::task_record record_;
    shard& home_;
    task<T> body_;
    std::atomic<bool> done_ = false;
};

/// A function as something a shard can run, as often as it is queued.
class action : public detail::work_item {
public:
    explicit action(std::function<void()> function)
        : work_item(&call), function_(std::move(function)) {}

private:
    static void call(work_item& item) noexcept { static_cast<action&>(item).function_(); }
    std::function<void()> function_;
};

/// A function to be called on the shard when its clock has come so far.
class alarm_clock {
public:
    alarm_clock(shard& home, std::function<void()> function)
        : home_(home), action_(std::move(function)) {
        entry_.waiter = &action_;
    }
    ~alarm_clock() { unset(); }
    void set(std::uint64_t deadline_ns) { home_.arm(entry_, deadline_ns); }
    void unset() { home_.disarm(entry_); }
    /// Runs it with the next turn's posts, before that turn's completions, timers and messages.
    void ring_next_turn() { home_.post(action_); }

private:
    shard& home_;
    action action_;
    detail::timer entry_;
};

/// What a thread that is no shard does, done on this one.
template <class Function>
void as_outsider(Function&& function) {
    const detail::executor_scope nobody(nullptr);
    function();
}

/// Suspends the task and calls `function(promise)`, which sees to it that the task goes on.
template <class Function>
struct suspend_with {
    Function function;

    explicit suspend_with(Function act) : function(std::move(act)) {}
    bool await_ready() const noexcept { return false; }
    template <detail::spargio_promise Promise>
    void await_suspend(std::coroutine_handle<Promise> waiter) {
        function(static_cast<detail::promise_base&>(waiter.promise()));
    }
    void await_resume() const noexcept {}
};

/// Lets everything else that is ready run first.
inline auto step_aside() {
    return suspend_with([](detail::promise_base& waiter) { shard::current()->defer(waiter); });
}

}  // namespace spargio::shard_test
