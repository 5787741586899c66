#pragma once

#include <memory>
#include <system_error>

#include "spargio/boundary/call_line.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// A coroutine that waits at a line for what another thread tells it: for the end of its call, or
/// for a call to serve.
///
/// It is no sync line_wait, though both stand in a linked_line. There who is called finds, when it
/// goes on, something that was set aside and cannot vanish, and one that was stopped meanwhile
/// passes it on: so the claim is decided without the lock. A call can vanish until somebody has it,
/// when its caller leaves or its deadline is over, and who had been called for it would wake to
/// nothing and had to wait anew. So it is given in the step that takes it out of its line, under
/// the line's lock, from which on the caller is told what the server does with it; and a stop,
/// which needs the same lock to leave the line, is beaten by it. The lock, too, is another: threads
/// sleep on it, with a condition, where those of sync's lines only ever spin.
class told_wait : protected stoppable_wait {
public:
    /// Ends the wait, once. The shard's claim is held while one begins, and this is a post, which
    /// is not looked at before the claim is free.
    void told() noexcept { home().post(*this); }

protected:
    told_wait() = default;
    ~told_wait() = default;

    /// What is waited for is there. Others have their turn first when this resume has had its
    /// share. \return whether to suspend.
    [[nodiscard]] bool go_on_in_turn() noexcept;
};

/// Waits for the end of a call.
class call_wait : public told_wait {
protected:
    call_wait() = default;
    ~call_wait() = default;

    /// Submits the call. \return whether to suspend: false when it is refused.
    /// \pre bind() said to go on
    [[nodiscard]] bool wait_for(call_line& line, call_slot& filled);
    /// What is waited for, or null.
    [[nodiscard]] call_slot* slot() const noexcept { return slot_; }

private:
    bool on_stop() noexcept override;

    call_line* at_ = nullptr;
    call_slot* slot_ = nullptr;
};

/// Waits for a call to serve.
class recv_wait : public told_wait {
public:
    // For the line, under its lock.
    recv_wait* next = nullptr;
    recv_wait* prev = nullptr;
    void decide(call_slot& received) noexcept { got_ = &received; }
    void decide(std::error_code why) noexcept { why_ = why; }

protected:
    recv_wait() = default;
    ~recv_wait() = default;

    /// \return whether to suspend. Once the wait is over, got() or why() is known.
    [[nodiscard]] bool start(promise_base& waiter, call_line& line);
    [[nodiscard]] call_slot* got() const noexcept { return got_; }
    [[nodiscard]] std::error_code why() const noexcept { return why_; }

private:
    bool on_stop() noexcept override;

    call_line* at_ = nullptr;
    call_slot* got_ = nullptr;
    std::error_code why_;
};

}  // namespace spargio::detail
