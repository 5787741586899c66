#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "spargio/boundary/call_slot.hpp"
#include "spargio/boundary/stats.hpp"
#include "spargio/core/linked_line.hpp"
#include "spargio/core/result.hpp"

namespace spargio::detail {

class recv_wait;

/// The calls of one channel: a pool of slots, the line of calls no server has yet, and the line of
/// servers that wait; one of the two is empty. First come, first served on both sides.
///
/// Thread: any. One lock, held for a few pointer writes; whoever is to be told of something is told
/// after it was released, so that nothing foreign runs under it. A shard's claim is taken before
/// it, never while it is held.
/// Limit: the slots; past it open() answers errc::overloaded.
class call_line {
public:
    call_line();
    call_line(const call_line&) = delete;
    call_line& operator=(const call_line&) = delete;
    virtual ~call_line();

    // --- the caller ------------------------------------------------------------------------------

    /// A free slot, the caller's to fill. Errors: errc::closed, errc::overloaded, or
    /// std::errc::timed_out when the deadline is over already.
    [[nodiscard]] result<call_slot*> open(clock::time_point deadline);
    /// Undoes open(). What was filled in was cleared.
    void give_back(call_slot& opened) noexcept;
    /// Hands the call to the server that waits longest, or queues it; from here on its end is told
    /// to `who`: once, perhaps before this returns. \return false when an end has closed since
    /// open(): nothing began, and the slot is still the caller's, to give_back().
    [[nodiscard]] bool submit(call_slot& filled, call_slot::caller who,
                              call_wait* waiter = nullptr);
    /// The caller gives up. \return whether that ended the call: false when it had ended.
    bool leave(call_slot& waited_for) noexcept;
    /// The same from elsewhere, if `generation` is still what the slot holds; tells the callback.
    bool cancel(call_slot& waited_for, std::uint64_t generation);
    [[nodiscard]] bool is_pending(const call_slot& slot, std::uint64_t generation) const;
    /// Blocks the thread. \return whether the call ended by `until`.
    [[nodiscard]] bool await_end(call_slot& waited_for, clock::time_point until);
    /// One holder less; what was its own in the slot is cleared.
    void release(call_slot& held) noexcept;
    /// No more calls are taken in; servers still get those that were.
    void close_intake();

    // --- the server ------------------------------------------------------------------------------

    /// The oldest call that is in time; those that are not are told so. Null and no error: none.
    /// Error: errc::closed.
    [[nodiscard]] call_slot* take(std::error_code& why);
    /// Joins the line of servers. \return false: look again, something has come.
    [[nodiscard]] bool wait_for_call(recv_wait& server);
    /// \return whether it stood in the line.
    bool stop_waiting(recv_wait& server) noexcept;
    /// Ends the call with the answer in the slot, which the server lets go of. \return false: the
    /// caller has left, the server still holds the slot.
    [[nodiscard]] bool respond(call_slot& served);
    /// The server lets go of a call it did not answer.
    void drop(call_slot& served);
    [[nodiscard]] bool caller_left(const call_slot& served) const;
    /// No more calls are taken in, and those no server has received end.
    void close_serving();

    [[nodiscard]] boundary::channel_stats stats() const;

    // in the list of all lines
    call_line* next = nullptr;
    call_line* prev = nullptr;

protected:
    void add(call_slot& fresh) noexcept;

private:
    using lock = std::unique_lock<std::mutex>;

    /// The call has ended: calls back with its outcome and lets go of the slot.
    virtual void call_back(call_slot& ended) noexcept = 0;

    void hand_over(call_slot& slot) noexcept;
    void give_up(call_slot& slot) noexcept;
    /// Ends the call, releases the lock and tells its caller.
    void end(lock& held, call_slot& slot, std::error_code why);
    void tell_servers_of_the_end(lock& held);

    mutable std::mutex mutex_;
    call_slot* free_ = nullptr;
    linked_line<call_slot> queue_;
    linked_line<recv_wait> servers_;
    bool intake_closed_ = false;
    boundary::channel_stats counted_;
};

/// The same with its slots, all of them made at once.
template <class Request, class Response>
class typed_line final : public call_line {
public:
    using slot = typed_slot<Request, Response>;

    explicit typed_line(std::size_t capacity) : slots_(std::make_unique<slot[]>(capacity)) {
        for (std::size_t i = capacity; i > 0; --i)
            add(slots_[i - 1]);
    }

    /// What an ended call came to. Its caller lets go of it.
    [[nodiscard]] result<Response> collect(slot& ended) noexcept {
        auto outcome = ended.why ? result<Response>(failure(ended.why))
                                 : result<Response>(std::move(*ended.answer));
        if (!ended.why)
            ended.answer.reset();
        if (!ended.taken)
            ended.request.reset();
        release(ended);
        return outcome;
    }

private:
    void call_back(call_slot& ended) noexcept override {
        auto& typed = static_cast<slot&>(ended);
        auto callback = std::move(typed.callback);
        // The slot first: the callback may want it for its next call.
        callback(collect(typed));
    }

    const std::unique_ptr<slot[]> slots_;
};

}  // namespace spargio::detail
