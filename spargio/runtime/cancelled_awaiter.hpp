#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits until a stop source other than the task's own is asked.
class [[nodiscard]] cancelled_awaiter final : stoppable_wait {
public:
    explicit cancelled_awaiter(std::shared_ptr<stop_source> source) noexcept
        : source_(std::move(source)) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<void> await_resume() noexcept;

private:
    struct tell {
        cancelled_awaiter* wait;
        void operator()() const noexcept { wait->told(); }
    };

    [[nodiscard]] bool start(promise_base& waiter) noexcept;
    bool on_stop() noexcept override;
    void told() noexcept;

    const std::shared_ptr<stop_source> source_;
    std::optional<stop_callback<tell>> listener_;
    std::atomic<bool> decided_ = false;  // by the first of the two who end the wait
    bool stopped_ = false;
};

}  // namespace spargio::detail
