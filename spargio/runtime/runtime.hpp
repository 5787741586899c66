#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "spargio/core/time_span.hpp"
#include "spargio/runtime/runtime_builder.hpp"
#include "spargio/runtime/runtime_handle.hpp"
#include "spargio/runtime/shutdown_report.hpp"

namespace spargio {

/// A set of shards at work, from build() to shutdown. Several may live in one process.
/// Thread: any but its own shards', except shutdown().
class runtime {
public:
    /// How long the destructor waits for tasks that were asked to stop.
    static constexpr std::chrono::seconds default_deadline{5};

    runtime(runtime&&) noexcept = default;
    runtime& operator=(runtime&&) = delete;
    /// Shuts down with the default deadline. Tasks that outlive it are named on standard error.
    ~runtime();

    [[nodiscard]] runtime_handle handle() const noexcept { return runtime_handle(core_); }
    [[nodiscard]] unsigned shard_count() const noexcept { return handle().shard_count(); }
    /// "io_uring", and what its rings make use of.
    [[nodiscard]] std::string backend() const;
    [[nodiscard]] shard_stats stats(unsigned shard) const noexcept { return handle().stats(shard); }
    [[nodiscard]] runtime_stats stats() const { return handle().stats(); }

    /// Runs `work`, a task or a callable that returns one, on shard 0 and blocks the calling thread
    /// for its value, or rethrows. \throws std::system_error when it cannot be spawned.
    template <class Work>
    auto block_on(Work work) {
        return block_on(0, std::move(work));
    }
    template <class Work>
    auto block_on(unsigned shard, Work work) {
        return value_or_throw(handle().spawn(placement::pinned(shard), std::move(work), {"main"}))
            .wait();
    }

    /// Closes the intake, asks every other task to stop, and yields when only tasks that wait for a
    /// shutdown() are left, or the deadline has passed; the report names who else is alive then.
    /// May be awaited by several, on this runtime or on another, and again. A stop request to the
    /// awaiting task, such as another's shutdown makes, does not end the wait; a timeout() or
    /// when_any() around it does. The threads end with the runtime object.
    [[nodiscard]] task<shutdown_report> shutdown(time_span deadline);

    /// Ends all tasks from a thread that is no shard of this runtime, and then the threads. With
    /// survivors, their frames, rings and stuck threads are left behind. Later calls, also from
    /// other threads, yield the first one's report. In a forked child it does nothing: the threads
    /// are the parent's.
    shutdown_report shutdown_blocking(time_span deadline = default_deadline);

private:
    friend class runtime_builder;
    explicit runtime(std::shared_ptr<detail::runtime_core> core) noexcept
        : core_(std::move(core)) {}

    std::shared_ptr<detail::runtime_core> core_;
};

}  // namespace spargio
