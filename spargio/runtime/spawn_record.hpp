#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/core/task_record.hpp"
#include "spargio/runtime/placement.hpp"

namespace spargio::detail {

class task_registry;

/// A spawned task from spawn() until it has ended and nobody asks for its outcome any more.
///
/// It belongs to the running task and to the handle. Which of the two goes last is decided by the
/// one exchange on `joiner_`, and that one frees it. A shutdown that asks tasks to stop pins it
/// meanwhile.
/// Thread: it starts, runs and ends on its home shard; handles ask and wait from any thread.
class spawn_record : public task_record, public finish_sink, public work_item {
public:
    spawn_record(const spawn_record&) = delete;
    spawn_record& operator=(const spawn_record&) = delete;

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    /// Before it is admitted.
    void make_stealable() noexcept { runs_as = kind = work_kind::stealable; }

    // --- the handle ------------------------------------------------------------------------------

    [[nodiscard]] bool is_done() const noexcept {
        return joiner_.load(std::memory_order_acquire) == done;
    }
    /// Has `waiter` woken at the end. \return false when it has ended already.
    [[nodiscard]] bool join(promise_base& waiter) noexcept;
    /// Blocks the calling thread until the end. \pre the thread is no shard.
    void wait_blocking() noexcept;
    /// Gives the handle up: nobody will ask for the outcome. An exception is reported on standard
    /// error.
    void detach() noexcept;
    /// Gives the handle up after the outcome was taken. \pre is_done()
    void drop() noexcept { unpin(); }

    // --- a shutdown ------------------------------------------------------------------------------

    /// Keeps the record. \pre it is in its registry, whose lock the caller holds.
    void pin() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
    void unpin() noexcept {
        // Alone: it has ended and left its registry, so that nobody can pin it again.
        if (pins_.load(std::memory_order_acquire) == 1 ||
            pins_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    /// Internal: frees a record that was never begun.
    void discard() noexcept { delete this; }
    promise_base* finished(promise_base& child) noexcept final;

    const char* name = "";
    placement::kind placed = placement::kind::local;
    unsigned drain_waits = 0;  // shutdowns it waits for; under the runtime's lock

protected:
    spawn_record() noexcept : work_item(&start) {}
    virtual ~spawn_record() = default;

    /// Builds the coroutine; may throw what a callable throws.
    virtual promise_base& build() = 0;
    /// Takes value or exception over from the coroutine and destroys its frame.
    virtual void take_outcome() noexcept = 0;
    virtual void take_exception(std::exception_ptr thrown) noexcept = 0;
    [[nodiscard]] virtual std::exception_ptr exception() const noexcept = 0;

private:
    friend class task_registry;
    class blocked_thread;

    // joiner_ holds one of these, the promise that waits, or a blocked_thread with its tag.
    static constexpr std::uintptr_t running = 0;
    static constexpr std::uintptr_t done = 1;
    static constexpr std::uintptr_t detached = 2;
    static constexpr std::uintptr_t thread_tag = 4;

    static void start(work_item& item) noexcept;
    void end() noexcept;
    void report_unobserved() noexcept;

    task_registry* registry_ = nullptr;
    spawn_record* newer_ = nullptr;  // in the registry
    spawn_record* older_ = nullptr;
    bool listed_ = false;
    std::atomic<unsigned> pins_ = 1;
    std::atomic<std::uintptr_t> joiner_ = running;
};

/// One whose task yields T.
template <class T>
class spawned : public spawn_record {
public:
    outcome_slot<T> outcome;

protected:
    void take_exception(std::exception_ptr thrown) noexcept final {
        outcome.set_exception(std::move(thrown));
    }
    [[nodiscard]] std::exception_ptr exception() const noexcept final {
        return outcome.exception();
    }
};

/// One that was given a task, or a callable that builds its task on the home shard. The callable
/// lives as long as that task: a coroutine lambda may use its captures to its end. They are gone,
/// on the home shard, before anybody is told of the end, who may destroy what they lead to.
template <class T, class Source>
class spawned_from final : public spawned<T> {
    // A record comes from ::operator new(std::size_t), too.
    static_assert(alignof(Source) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__,
                  "what is spawned must not want more alignment than operator new gives");
    static constexpr bool is_task = std::same_as<Source, task<T>>;

public:
    explicit spawned_from(Source&& source) : source_(std::move(source)) {}

private:
    promise_base& build() override {
        if constexpr (is_task) {
            return source_.promise();
        } else {
            try {
                task_.emplace((*source_)());
            } catch (...) {
                source_.reset();
                throw;
            }
            return task_->promise();
        }
    }
    void take_outcome() noexcept override {
        if constexpr (is_task) {
            take_from(source_);
        } else {
            take_from(*task_);
            source_.reset();
        }
    }
    void take_from(task<T>& ended) noexcept {
        this->outcome.take_over(ended.promise().slot);
        ended.release().destroy();
    }

    struct nothing {};
    std::conditional_t<is_task, Source, std::optional<Source>> source_;
    [[no_unique_address]] std::conditional_t<is_task, nothing, std::optional<task<T>>> task_;
};

}  // namespace spargio::detail
