#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/this_task.hpp"

namespace spargio {

/// Tasks that end together. spawn() starts children on any shard; join() waits for all of them. The
/// first child that throws has the others asked to stop, and join() rethrows it. A stop request to
/// the task that joins reaches every child.
///
/// A group must be joined before it is destroyed (asserted): its children may use what stands in
/// the scope around it. Thread: children may spawn more children from their own shards; one task
/// joins. Limit: that of the shards' tasks; past it spawn() answers errc::overloaded.
class task_group {
public:
    task_group() = default;
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    ~task_group() { SPARGIO_ASSERT(joined_ || left_.load(std::memory_order_relaxed) == 1); }

    /// Starts a child: a task<void>, or a callable that returns one and is called on the child's
    /// shard. Errors: those of runtime_handle::spawn(); then nothing was started.
    /// \pre called on a shard, by the one who will join or by a child
    result<void> spawn(placement where, task<void> work, spawn_options options = {});
    template <detail::task_factory F>
    result<void> spawn(placement where, F work, spawn_options options = {}) {
        return adopt(where, run(*this, std::optional<F>(std::move(work))), options);
    }
    /// On the calling shard.
    template <class Work>
    result<void> spawn(Work work, spawn_options options = {}) {
        return spawn(placement::local(), std::move(work), options);
    }

    /// Asks every child to stop, also those that are spawned later. Thread: any.
    void request_stop() noexcept { source_.request_stop(); }
    /// Children that have not ended, an estimate. Thread: any.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t left = left_.load(std::memory_order_acquire);
        return left == 0 || joined_.load(std::memory_order_relaxed) ? left : left - 1;
    }

    /// Yields when every child has ended, or rethrows the first one's exception. Once.
    [[nodiscard]] auto join() noexcept { return join_awaiter(*this); }

private:
    struct stop_all {
        stop_source* source;
        void operator()() const noexcept { source->request_stop(); }
    };

    class [[nodiscard]] join_awaiter {
    public:
        explicit join_awaiter(task_group& group) noexcept : group_(group) {}
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <detail::spargio_promise Promise>
        bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
            follow_.emplace(waiter.promise().env->stop, stop_all{&group_.source_});
            return group_.wait(waiter.promise());
        }
        void await_resume() {
            follow_.reset();
            if (group_.thrown_ != nullptr)
                std::rethrow_exception(std::exchange(group_.thrown_, nullptr));
        }

    private:
        task_group& group_;
        std::optional<stop_callback<stop_all>> follow_;
    };

    // The callable lives in this frame, and so outlives the task it builds; but not the group, or
    // what its captures lead to beside it might be gone before them.
    template <class F>
    static task<void> run(task_group& group, std::optional<F> work) {
        {
            const follower follow(group, co_await detail::env_reader<read_record>());
            try {
                co_await (*work)();
            } catch (...) {
                group.failed(std::current_exception());
            }
            work.reset();
        }
        group.arrive();
    }

    struct read_record {
        detail::task_record* operator()(const detail::task_env& env) const noexcept {
            return env.record;
        }
    };
    /// Passes the group's stop on to one child.
    struct follower {
        follower(task_group& group, detail::task_record* child) noexcept
            : callback(group.source_.get_token(), stop_all{&child->stop}) {}
        stop_callback<stop_all> callback;
    };

    result<void> adopt(placement where, task<void> child, spawn_options options);
    [[nodiscard]] bool wait(detail::promise_base& waiter) noexcept;
    void failed(std::exception_ptr thrown) noexcept;
    /// The last thing a child does with the group, which may be gone afterwards.
    void arrive() noexcept;

    stop_source source_;
    std::atomic<std::size_t> left_ = 1;  // children, and one for the join still to come
    std::atomic<bool> joined_ = false;
    detail::promise_base* waiter_ = nullptr;
    std::mutex failing_;
    std::exception_ptr thrown_;
};

}  // namespace spargio
