#pragma once

#include <algorithm>
#include <array>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "spargio/core/result.hpp"
#include "spargio/shard/message.hpp"

namespace spargio {

class shard;

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

/// The mailbox of one shard, seen from elsewhere: from a shard of its runtime, or from any other
/// thread. What one source sends arrives in the order in which it was sent, hot tags and others
/// each among themselves; a source is the sending shard, or the sending thread.
///
/// A message is in the mailbox when a call that sends has returned, and a target that is awake
/// finds it there. One that sleeps is woken by the sender's next submission: at the end of its
/// turn, or with flush(). Nothing waits for room: who has to wait for a busy receiver uses a
/// channel. Thread: any. Limit: runtime_builder::mailbox_capacity messages of each shard, and as
/// many of all other threads together; past it the answer of every call that sends is
/// errc::backpressure, counted in shard_stats, and what it says was not queued. errc::shut_down
/// once the runtime closes: what no task takes before its end is dropped.
class remote_shard {
public:
    [[nodiscard]] unsigned index() const noexcept { return index_; }

    /// Queues a message at once; nobody is told when it is taken.
    result<void> send_raw_nowait(std::uint32_t tag, std::uint64_t value) const noexcept;
    /// A value of a type that says what its tag is; received, message::as<T>() gives it back.
    template <message_payload T>
    result<void> send_nowait(const T& typed) const noexcept {
        const raw_message raw = to_message(typed);
        return send_raw_nowait(raw.tag, raw.value);
    }

    /// Queues several at once. \return how many there was room for, from the front: fewer than were
    /// given if the mailbox became full, and errc::backpressure only if it had no room at all.
    result<std::size_t> send_many_nowait(std::span<const raw_message> messages) const noexcept;
    template <message_payload T>
    result<std::size_t> send_many_nowait(std::span<const T> typed) const noexcept;

    /// Tiny messages straight into the target's completion queue, without its mailbox: one MSG_RING
    /// each, that brings the message and wakes the target in one, with this shard's next
    /// submission. They keep their order among themselves only. What cannot go that way takes the
    /// mailbox: values of 2^53 and more, what is beyond 64 under way, coalesced tags, and
    /// everything from a thread that is no shard of that runtime. So does, later, what the kernel
    /// refuses (a full or closing queue): room for it was set aside. Answers are those of the other
    /// calls.
    result<void> send_raw_direct_nowait(std::uint32_t tag, std::uint64_t value) const noexcept;
    result<std::size_t>
    send_many_raw_direct_nowait(std::span<const raw_message> messages) const noexcept;

    /// The same as an await, which yields when the target's mailbox holds the message: at once.
    /// Errors: errc::backpressure, errc::shut_down; the message was not queued. Nothing to cancel.
    detail::send_ticket send_raw(std::uint32_t tag, std::uint64_t value) const noexcept {
        return detail::send_ticket(send_raw_nowait(tag, value));
    }
    template <message_payload T>
    detail::send_ticket send(const T& typed) const noexcept {
        return detail::send_ticket(send_nowait(typed));
    }

    /// Yields, at once, when everything this shard, or this thread, sent before is in its targets'
    /// mailboxes, and the bell of every target that slept is with the kernel. What a task sent from
    /// another shard, before it moved, is rung for by that one. No error, nothing to cancel.
    detail::send_ticket flush() const noexcept;

private:
    using send_function = std::size_t (*)(shard&, std::span<const raw_message>) noexcept;
    result<std::size_t> send_by(send_function how,
                                std::span<const raw_message> messages) const noexcept;

    friend class runtime_handle;
    remote_shard(std::shared_ptr<detail::runtime_core> core, unsigned index) noexcept
        : core_(std::move(core)), index_(index) {}

    std::shared_ptr<detail::runtime_core> core_;
    unsigned index_;
};

template <message_payload T>
result<std::size_t> remote_shard::send_many_nowait(std::span<const T> typed) const noexcept {
    constexpr std::size_t most_at_once = 64;
    std::array<raw_message, most_at_once> raw;
    std::size_t all = 0;
    while (all != typed.size()) {
        const auto part = typed.subspan(all, std::min(most_at_once, typed.size() - all));
        for (std::size_t i = 0; i != part.size(); ++i)
            raw[i] = to_message(part[i]);
        const auto accepted =
            send_many_nowait(std::span<const raw_message>(raw.data(), part.size()));
        if (!accepted && all == 0)
            return accepted;
        all += accepted.value_or(0);
        if (accepted.value_or(0) != part.size())
            break;
    }
    return all;
}

}  // namespace spargio
