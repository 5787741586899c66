#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>

#include "spargio/core/result.hpp"
#include "spargio/shard/message.hpp"

namespace spargio {

namespace detail {
class runtime_core;

/// An answer that is there already, in the form of an await.
class [[nodiscard]] send_ticket {
public:
    explicit send_ticket(result<void> answer) noexcept : answer_(answer) {}
    [[nodiscard]] bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    [[nodiscard]] result<void> await_resume() const noexcept { return answer_; }

private:
    result<void> answer_;
};
}  // namespace detail

/// The mailbox of one shard, seen from elsewhere. Messages of one source arrive in the order they
/// were sent.
/// Thread: any.
/// Limit: runtime_builder::mailbox_capacity; past it the answer is errc::backpressure and the
/// message was not queued. errc::shut_down once the runtime closes.
class remote_shard {
public:
    [[nodiscard]] unsigned index() const noexcept { return index_; }

    /// Queues a message at once; nobody is told when it is taken.
    result<void> send_raw_nowait(std::uint32_t tag, std::uint64_t value) const noexcept;
    /// The same as an await, which yields when the target's mailbox holds the message.
    detail::send_ticket send_raw(std::uint32_t tag, std::uint64_t value) const noexcept {
        return detail::send_ticket(send_raw_nowait(tag, value));
    }
    /// Yields when everything this shard sent before is in the target's mailbox and its bell, if it
    /// slept, has been rung.
    detail::send_ticket flush() const noexcept;

private:
    friend class runtime_handle;
    remote_shard(std::shared_ptr<detail::runtime_core> core, unsigned index) noexcept
        : core_(std::move(core)), index_(index) {}

    std::shared_ptr<detail::runtime_core> core_;
    unsigned index_;
};

}  // namespace spargio
