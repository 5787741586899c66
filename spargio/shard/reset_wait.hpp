#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

/// A deadline that is moved while somebody waits for it, elsewhere maybe, and its users: the object
/// it belongs to, and a request that is on its way to the shard where the wait is. The last of them
/// frees it.
/// Thread: reset() and deadline_ns(): any. The rest: as reset_wait says.
class reset_state {
public:
    explicit reset_state(std::uint64_t deadline_ns) noexcept
        : timer_(deadline_ns), request_(*this) {}

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    [[nodiscard]] std::uint64_t deadline_ns() const noexcept { return timer_.deadline_ns(); }
    void reset(std::uint64_t deadline_ns) noexcept {
        if (timer_.set(deadline_ns))
            move_up();
    }
    void let_go() noexcept {
        if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

private:
    friend class reset_wait;
    /// Comes by on the shard where the wait is, under its claim.
    struct move_request : work_item {
        explicit move_request(reset_state& which) noexcept : work_item(&arrive), self(which) {
            kind = work_kind::request;
        }
        static void arrive(work_item& item) noexcept;
        reset_state& self;
        shard* target = nullptr;  // where it is on its way to
    };

    void move_up() noexcept;
    void send_request() noexcept;

    movable_timer timer_;
    std::atomic<shard*> home_ = nullptr;  // of the latest wait
    std::atomic<unsigned> users_ = 1;
    std::atomic<bool> requested_ = false;  // request_ is on its way
    move_request request_;
};

/// Waits for a deadline that others may move meanwhile.
class [[nodiscard]] reset_wait final : stoppable_wait {
public:
    explicit reset_wait(reset_state& state) noexcept : state_(state) {}

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) {
        return start(waiter.promise());
    }
    [[nodiscard]] result<void> await_resume() const noexcept;

private:
    [[nodiscard]] bool start(promise_base& waiter);
    bool on_stop() noexcept override;

    reset_state& state_;
    bool cancelled_ = false;
};

}  // namespace spargio::detail
