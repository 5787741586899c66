#pragma once

#include <cstddef>
#include <span>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// Waits for messages to the current shard, at least one and at most as many as there is room for.
class receive_wait : stoppable_wait {
protected:
    explicit receive_wait(lane_kind lane) noexcept : lane_(lane) {}
    ~receive_wait() = default;

    [[nodiscard]] bool start(promise_base& waiter, std::span<message> room) noexcept;
    /// How many came, or why none.
    [[nodiscard]] result<std::size_t> taken() const noexcept;

private:
    bool on_stop() noexcept override;

    message_wait wait_;
    const lane_kind lane_;
    bool cancelled_ = false;
};

/// The next message to the current shard.
class [[nodiscard]] message_awaiter final : receive_wait {
public:
    explicit message_awaiter(lane_kind lane = lane_kind::ordinary) noexcept : receive_wait(lane) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise(), std::span(&received_, 1));
    }
    [[nodiscard]] result<message> await_resume() const noexcept {
        if (const auto count = taken(); !count) [[unlikely]]
            return failure(count.error());
        return received_;
    }

private:
    message received_;
};

/// As many as there are and fit.
class [[nodiscard]] message_batch_awaiter final : receive_wait {
public:
    message_batch_awaiter(lane_kind lane, std::span<message> room) noexcept
        : receive_wait(lane), room_(room) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise(), room_);
    }
    [[nodiscard]] result<std::size_t> await_resume() const noexcept { return taken(); }

private:
    const std::span<message> room_;
};

}  // namespace spargio::detail
