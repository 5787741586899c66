#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/core/task_record.hpp"

namespace spargio::detail {

class task_registry;

/// A spawned task from spawn() until it has ended and nobody holds a handle to it.
///
/// Thread: it starts, runs and ends on its home shard; handles ask and wait from any thread. Two
/// references at most matter: the running task's and the handle's.
class spawn_record : public task_record, public finish_sink, public work_item {
public:
    spawn_record(const spawn_record&) = delete;
    spawn_record& operator=(const spawn_record&) = delete;

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    /// Before it is queued for its start.
    void assign(task_registry& registry, std::uint64_t number, const char* label) noexcept {
        registry_ = &registry;
        id = number;
        name = label;
    }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept;

    [[nodiscard]] bool is_done() const noexcept {
        return joiner_.load(std::memory_order_acquire) == done;
    }
    /// Has `waiter` woken at the end. \return false when it has ended already.
    [[nodiscard]] bool join(promise_base& waiter) noexcept;
    /// Blocks the calling thread until the end. \pre the thread is no shard.
    void wait_blocking() noexcept;
    /// Nobody will ask for the outcome: an exception is reported on standard error.
    void set_detached() noexcept { detached_.store(true, std::memory_order_relaxed); }

    promise_base* finished(promise_base& child) noexcept final;

    const char* name = "";
    std::atomic<bool> exempt_from_shutdown = false;  // it is the one that shuts down

protected:
    explicit spawn_record(executor& home_shard) noexcept
        : task_record(home_shard), work_item(&start) {}
    virtual ~spawn_record() = default;

    /// Builds the coroutine; may throw what a callable throws.
    virtual promise_base& build() = 0;
    /// Takes value or exception over from the coroutine and destroys its frame.
    virtual void take_outcome() noexcept = 0;
    virtual void take_exception(std::exception_ptr thrown) noexcept = 0;
    [[nodiscard]] virtual std::exception_ptr exception() const noexcept = 0;

private:
    friend class task_registry;
    static constexpr std::uintptr_t running = 0;
    static constexpr std::uintptr_t done = 1;
    static constexpr std::uintptr_t blocked_thread = 2;

    static void start(work_item& item) noexcept;
    void end() noexcept;

    task_registry* registry_ = nullptr;
    spawn_record* newer_ = nullptr;  // in the registry
    spawn_record* older_ = nullptr;
    std::atomic<std::uintptr_t> joiner_ = running;  // or done, or who waits
    std::atomic<unsigned> references_ = 2;
    std::atomic<bool> detached_ = false;
};

/// One whose task yields T.
template <class T>
class spawned : public spawn_record {
public:
    using spawn_record::spawn_record;
    outcome_slot<T> outcome;

protected:
    void take_exception(std::exception_ptr thrown) noexcept final {
        outcome.set_exception(std::move(thrown));
    }
    [[nodiscard]] std::exception_ptr exception() const noexcept final {
        return outcome.exception();
    }
};

/// One that was given a task, or a callable that builds its task on the home shard.
template <class T, class Source>
class spawned_from final : public spawned<T> {
public:
    spawned_from(executor& home_shard, Source source)
        : spawned<T>(home_shard), source_(std::move(source)) {}

private:
    promise_base& build() override {
        if constexpr (std::same_as<Source, task<T>>) {
            return source_.promise();
        } else {
            task_.emplace(source_());
            return task_->promise();
        }
    }
    void take_outcome() noexcept override {
        if constexpr (std::same_as<Source, task<T>>) {
            take_from(source_);
        } else {
            take_from(*task_);
        }
    }
    void take_from(task<T>& ended) noexcept {
        this->outcome.take_over(ended.promise().slot);
        ended.release().destroy();
    }

    struct nothing {};
    [[no_unique_address]] Source source_;
    [[no_unique_address]] std::conditional_t<std::same_as<Source, task<T>>, nothing,
                                             std::optional<task<T>>>
        task_;
};

}  // namespace spargio::detail
