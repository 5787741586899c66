#pragma once

#include <atomic>
#include <optional>

#include "spargio/core/promise.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::detail {

/// A wait of a coroutine on its shard that a stop request ends early. Base of the awaiters of
/// operations, timers and messages; it lives in the coroutine's frame.
///
/// The wait is over when this item, queued by what was waited for, runs. A stop request from
/// another thread reaches the shard as a note in its mailbox; the coroutine is resumed only when no
/// such note is on its way any more, so nothing ever refers to a frame that went on. Thread: the
/// shard's owner, but for the stop request.
class stoppable_wait : public work_item {
protected:
    stoppable_wait() noexcept : work_item(&over), note_(*this) {}
    ~stoppable_wait() = default;

    /// Remembers who waits, and where. \return false when a stop was requested already: do not
    /// start. \pre called on a shard.
    [[nodiscard]] bool bind(promise_base& waiter) noexcept;
    /// Listens for a stop request from here on. Call once, after the wait was started.
    void listen() noexcept;
    /// Ends the wait from within on_stop().
    void end_now() noexcept { home_->defer(*this); }
    [[nodiscard]] shard& home() const noexcept { return *home_; }

    /// A stop was requested while the wait may still be on: see that it ends. Runs on the shard.
    virtual void on_stop() noexcept = 0;

private:
    struct stop_note : work_item {
        explicit stop_note(stoppable_wait& waiting) noexcept : work_item(&arrive), wait(&waiting) {}
        static void arrive(work_item& item) noexcept;
        stoppable_wait* wait;
    };
    struct stop_request {
        stoppable_wait* wait;
        void operator()() const noexcept { wait->stop_requested(); }
    };

    static void over(work_item& item) noexcept;
    void stop_requested() noexcept;

    promise_base* waiter_ = nullptr;
    shard* home_ = nullptr;
    stop_note note_;
    std::optional<stop_callback<stop_request>> listener_;
    std::atomic<bool> note_sent_ = false;
    bool note_arrived_ = false;
    bool over_ = false;
};

}  // namespace spargio::detail
