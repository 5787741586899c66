#pragma once

#include <cstdint>

#include "spargio/core/executor.hpp"
#include "spargio/core/stop_token.hpp"

namespace spargio::detail {

struct promise_base;
struct task_record;

/// What a coroutine inherits from the one that awaits it.
struct task_env {
    stop_token stop;
    task_record* record = nullptr;
};

/// Told when a coroutine without an awaiting parent ends.
class finish_sink {
public:
    /// \return the coroutine to continue with, or null. Runs where the coroutine ended.
    virtual promise_base* finished(promise_base& child) noexcept = 0;

protected:
    ~finish_sink() = default;
};

/// One spawned task: what all coroutines of its call chain share.
/// Thread: `home`, `runs_as` and `id` are constant from the spawn on; the stop source takes
/// requests from any thread.
struct task_record {
    task_record() noexcept {
        env.stop = stop.get_token();
        env.record = this;
    }
    explicit task_record(executor& shard) noexcept : task_record() { home = &shard; }

    executor* home = nullptr;
    work_kind runs_as = work_kind::pinned;
    std::uint64_t id = 0;
    stop_source stop;
    task_env env;
};

}  // namespace spargio::detail
