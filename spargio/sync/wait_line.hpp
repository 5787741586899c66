#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/core/linked_line.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// A coroutine that stands in one line, or in several, until somebody calls it or it is asked to
/// stop. It lives in the coroutine's frame.
///
///   waiter:  begin(); stand in the lines; suspend()
///   caller:  under a line's lock: take a node out and claim() its wait; after the lock: go()
///   stop:    claim(); go()
///
/// Who claims first decides, once: so what is handed over is either the waiter's or somebody
/// else's. Who comes second of suspend() and go() queues the coroutine: it does not go on before
/// both have let go of it, and nobody touches a line or what it belongs to after go(). What is
/// promised must stay until then: a boundary's calls do not, see told_wait.
/// Thread: the awaiting task's; any thread claims and calls.
class line_wait final : public stoppable_wait {
public:
    /// \return false when a stop was requested already. \pre called on a shard
    [[nodiscard]] bool begin(promise_base& waiter) noexcept {
        stop_ = waiter.env->stop;
        return bind(waiter);
    }
    /// The last thing before the coroutine is suspended.
    void suspend() noexcept;

    /// True for one caller. Under the lock of the line whose node was taken out.
    [[nodiscard]] bool claim() noexcept {
        return (state_.fetch_or(claimed, std::memory_order_acq_rel) & claimed) == 0;
    }
    /// By the one who claimed, with no lock held.
    void go() noexcept;

    /// Once it is over: what was promised is to be passed on, if anything was.
    [[nodiscard]] bool stopped() const noexcept { return stopped_ || stop_.stop_requested(); }

private:
    // bits of state_
    static constexpr std::uint8_t claimed = 1;
    static constexpr std::uint8_t called = 2;
    static constexpr std::uint8_t suspended = 4;

    bool on_stop() noexcept override;
    void queue() noexcept;

    std::atomic<std::uint8_t> state_ = 0;
    bool stopped_ = false;
    stop_token stop_;
};

/// A place in a line, in the frame of the one who waits.
struct line_node {
    line_node* next = nullptr;
    line_node* prev = nullptr;
    line_wait* wait = nullptr;
    bool promised = false;     // called, and its wait claimed: something is set aside for it
    std::uint64_t needed = 1;  // of what it waits for
};

/// Those who wait for one thing, in the order in which they came.
/// Thread: any, under the lock, which guards what the line is for, too, and is held for a few
/// instructions: nothing is called under it. Limit: none of its own; nodes lie in the waiters'
/// frames.
class wait_line {
public:
    wait_line() = default;
    wait_line(const wait_line&) = delete;
    wait_line& operator=(const wait_line&) = delete;
    ~wait_line() { SPARGIO_ASSERT(nodes_.empty() && "somebody waits for what is destroyed"); }

    void lock() noexcept;
    /// The last thing that touches the line, also for who sees it open: that one may destroy it.
    void unlock() noexcept { state_.store(open_ ? open : 0, std::memory_order_release); }
    /// Whether it was left open: nobody needs to stand in it. Without the lock.
    [[nodiscard]] bool is_open() const noexcept;

    // --- under the lock --------------------------------------------------------------------------

    [[nodiscard]] bool empty() const noexcept { return nodes_.empty(); }
    [[nodiscard]] line_node& front() noexcept { return *nodes_.first(); }
    [[nodiscard]] bool stands(const line_node& node) const noexcept {
        return nodes_.contains(node);
    }
    void push(line_node& node, line_wait& wait) noexcept {
        SPARGIO_ASSERT(!node.promised);
        node.wait = &wait;
        nodes_.push(node);
    }
    /// No matter whether it stands.
    void remove(line_node& node) noexcept {
        if (stands(node))
            nodes_.remove(node);
    }
    void leave_open(bool yes) noexcept { open_ = yes; }

private:
    static constexpr std::uint8_t open = 1;
    static constexpr std::uint8_t locked = 2;

    std::atomic<std::uint8_t> state_ = 0;
    bool open_ = false;
    linked_line<line_node> nodes_;
};

/// Waits that were claimed under a lock and are called after it: declare it before the lock's
/// guard.
class called_waits {
public:
    called_waits() = default;
    called_waits(const called_waits&) = delete;
    called_waits& operator=(const called_waits&) = delete;
    ~called_waits() {
        while (!waits_.empty())
            static_cast<line_wait&>(waits_.pop()).go();
    }

    /// Takes `node` out of its line. \return false when its wait was claimed by another before: it
    /// stands no more, and nothing was promised to it.
    bool call(wait_line& line, line_node& node) noexcept {
        line.remove(node);
        if (!node.wait->claim())
            return false;
        node.promised = true;
        waits_.push(*node.wait);
        return true;
    }
    bool call_first(wait_line& line) noexcept { return call(line, line.front()); }
    void call_all(wait_line& line) noexcept {
        while (!line.empty())
            call_first(line);
    }

private:
    work_list waits_;
};

}  // namespace spargio::detail
