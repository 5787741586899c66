#pragma once

#include <cstdint>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits until something was added to one of the current shard's counts, and takes it.
class [[nodiscard]] hot_count_awaiter final : stoppable_wait {
public:
    explicit hot_count_awaiter(std::uint32_t tag) noexcept : tag_(tag) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<std::uint64_t> await_resume() const noexcept {
        if (error_ != 0) [[unlikely]]
            return failure(error_);
        return wait_.count;
    }

private:
    [[nodiscard]] bool start(promise_base& waiter) noexcept;
    bool on_stop() noexcept override;

    count_wait wait_;
    const std::uint32_t tag_;
    int error_ = 0;
};

/// What there is of it now. Thread: a shard's.
[[nodiscard]] result<std::uint64_t> take_hot_count(std::uint32_t tag) noexcept;

}  // namespace spargio::detail
