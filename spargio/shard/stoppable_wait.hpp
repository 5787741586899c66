#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "spargio/core/promise.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::detail {

/// A wait of a coroutine on the shard where it began, that a stop request ends early. Base of the
/// awaiters of operations, timers and messages; it lives in the coroutine's frame.
///
/// The wait is over when this item, queued by what was waited for, runs, which for a stealable task
/// may be on any shard. A stop request from another thread reaches the shard as a note among its
/// posts; the coroutine is resumed only when no such note is on its way any more, so nothing ever
/// refers to a frame that went on.
/// Thread: the shard's owner begins; the holder of its service claim ends early; who runs this item
/// goes on.
class stoppable_wait : public work_item {
protected:
    stoppable_wait() noexcept : work_item(&over), note_(*this) {}
    ~stoppable_wait() = default;

    /// Remembers who waits, and where. \return false when a stop was requested already: do not
    /// start. \pre called on a shard.
    [[nodiscard]] bool bind(promise_base& waiter) noexcept;
    /// For a wait whose beginning others may see end before it has returned: only the home shard
    /// goes on from it. Call after bind().
    void stay_home() noexcept { kind = work_kind::pinned; }
    /// Listens for a stop request from here on. Call once, after the wait was started.
    /// \pre the shard's claim is held, from before the wait could end
    void listen_held() noexcept;
    /// The same without the claim. \pre the wait cannot end before this shard's turn does, or
    /// stays home
    void listen() noexcept;
    /// Ends the wait from within on_stop().
    void end_now() noexcept { home_->wake(*this); }
    [[nodiscard]] shard& home() const noexcept { return *home_; }

    /// A stop was requested, and the wait may still be on: see that it ends. Runs under the shard's
    /// claim, mostly on its own thread. \return false when only there can be done what is to be
    /// done: then it is asked again.
    [[nodiscard]] virtual bool on_stop() noexcept = 0;

private:
    struct stop_note : work_item {
        explicit stop_note(stoppable_wait& waiting) noexcept : work_item(&arrive), wait(&waiting) {
            kind = work_kind::request;
        }
        static void arrive(work_item& item) noexcept;
        stoppable_wait* wait;
    };
    struct stop_request {
        stoppable_wait* wait;
        void operator()() const noexcept { wait->stop_requested(); }
    };

    // bits of progress_
    static constexpr std::uint8_t is_over = 1;  // this item ran
    static constexpr std::uint8_t note_sent = 2;
    static constexpr std::uint8_t note_arrived = 4;

    static void over(work_item& item) noexcept;
    static void go_on(work_item& item) noexcept;
    void stop_requested() noexcept;

    promise_base* waiter_ = nullptr;
    shard* home_ = nullptr;
    stop_note note_;
    std::optional<stop_callback<stop_request>> listener_;
    std::atomic<std::uint8_t> progress_ = 0;
    bool held_ = false;  // the claim, while the listener is being made
};

}  // namespace spargio::detail
