#pragma once

#include <cstdint>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits for a deadline in the current shard's timer queue.
class [[nodiscard]] sleep_awaiter final : stoppable_wait {
public:
    struct after {
        std::uint64_t ns;
    };
    struct at {
        std::uint64_t ns;  // of the shard's clock
    };
    explicit sleep_awaiter(after wait) noexcept : ns_(wait.ns), relative_(true) {}
    explicit sleep_awaiter(at when) noexcept : ns_(when.ns), relative_(false) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise());
    }
    [[nodiscard]] result<void> await_resume() const noexcept;

private:
    [[nodiscard]] bool start(promise_base& waiter);
    bool on_stop() noexcept override;

    std::uint64_t ns_;
    bool relative_;
    bool cancelled_ = false;
    timer timer_;
};

}  // namespace spargio::detail
