#pragma once

#include <cstdint>

#include "spargio/core/promise.hpp"
#include "spargio/runtime/spawn_record.hpp"

namespace spargio {

namespace detail {
/// Reads what the awaiting coroutine knows of its task; it does not wait.
template <class Read>
class [[nodiscard]] env_reader {
public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> reader) noexcept {
        env_ = reader.promise().env;
        return false;
    }
    [[nodiscard]] auto await_resume() const noexcept { return Read()(*env_); }

private:
    task_env* env_ = nullptr;
};

struct read_stop_token {
    stop_token operator()(const task_env& env) const noexcept { return env.stop; }
};
struct read_task_id {
    std::uint64_t operator()(const task_env& env) const noexcept { return env.record->id; }
};
struct read_task_name {
    const char* operator()(const task_env& env) const noexcept {
        return static_cast<const spawn_record*>(env.record)->name;
    }
};
}  // namespace detail

/// What a coroutine can ask about the task it is part of; each yields at once.
namespace this_task {

/// The token by which the awaiting coroutine is asked to stop; inside when_any() and timeout() that
/// is theirs, which follows the task's.
[[nodiscard]] inline detail::env_reader<detail::read_stop_token> stop() noexcept {
    return {};
}
/// The number of the task, unique in its runtime.
[[nodiscard]] inline detail::env_reader<detail::read_task_id> id() noexcept {
    return {};
}
/// spawn_options::name.
[[nodiscard]] inline detail::env_reader<detail::read_task_name> name() noexcept {
    return {};
}

}  // namespace this_task
}  // namespace spargio
