#pragma once

#include <liburing.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <thread>

#include "spargio/testing/detail/simulated_buffers.hpp"
#include "spargio/testing/detail/simulated_objects.hpp"

namespace spargio::testing::detail {

struct simulated_completion {
    std::uint64_t user_data = 0;
    int result = 0;
    unsigned flags = 0;
};

/// The queues of one ring, from the kernel's side: memory laid out as liburing maps it, the
/// overflow list, and the completions that are ready but not posted (task work).
/// Thread: under the simulation's lock; the program's side of the queues by atomics.
class simulated_ring {
public:
    simulated_ring(std::uint64_t number, unsigned sq_entries, unsigned cq_entries, unsigned flags);
    simulated_ring(const simulated_ring&) = delete;
    simulated_ring& operator=(const simulated_ring&) = delete;

    /// Fills in what io_uring_queue_init_params() would.
    void map_into(::io_uring& ring, ::io_uring_params& params, int descriptor) noexcept;

    /// Of memory the queues take.
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    [[nodiscard]] bool has(unsigned setup_flag) const noexcept {
        return (flags_ & setup_flag) != 0;
    }
    /// Completions are posted when the owner enters, and not before.
    [[nodiscard]] bool holds_back() const noexcept {
        return has(IORING_SETUP_COOP_TASKRUN | IORING_SETUP_DEFER_TASKRUN);
    }

    [[nodiscard]] unsigned submitted() const noexcept;
    /// Takes the oldest request. \pre submitted() > 0.
    ::io_uring_sqe take_request() noexcept;

    [[nodiscard]] unsigned visible() const noexcept;
    [[nodiscard]] bool full() const noexcept { return visible() == cq_entries_; }
    /// No room for one more, with what is held back.
    [[nodiscard]] bool crowded() const noexcept {
        return visible() + task_work_.size() + overflow_.size() >= cq_entries_;
    }
    [[nodiscard]] bool has_task_work() const noexcept { return !task_work_.empty(); }
    /// Straight into the queue, or behind what overflowed.
    void post(const simulated_completion& completion);
    /// Into the queue with the next run_task_work().
    void hold_back(const simulated_completion& completion);
    void run_task_work(std::size_t most);
    void flush_overflow();

    const std::thread::id owner = std::this_thread::get_id();
    std::condition_variable changed;
    bool waits = false;               // the owner is in enter() and may wait
    bool left = false;                // the owner does nothing more with it
    std::uint64_t wait_until_ns = 0;  // while it waits
    unsigned wait_for = 0;
    bool tick_scheduled = false;
    int registered = -1;
    simulated_completion last;                      // of an operation
    std::map<unsigned, simulated_buffers> buffers;  // by group

private:
    void place(const simulated_completion& completion) noexcept;
    void set_flag(unsigned flag, bool on) noexcept;

    const std::uint64_t number_;
    const unsigned flags_;
    unsigned sq_entries_;
    unsigned cq_entries_;
    unsigned sq_mask_;
    unsigned cq_mask_;
    // Shared with the program.
    alignas(64) unsigned sq_head_ = 0;
    unsigned sq_tail_ = 0;
    unsigned sq_flags_ = 0;
    unsigned sq_dropped_ = 0;
    alignas(64) unsigned cq_head_ = 0;
    unsigned cq_tail_ = 0;
    unsigned cq_flags_ = 0;
    unsigned cq_overflow_ = 0;
    std::unique_ptr<unsigned[]> sq_array_;
    std::unique_ptr<std::byte[]> sqes_;
    std::unique_ptr<std::byte[]> cqes_;

    std::deque<simulated_completion> task_work_;
    std::deque<simulated_completion> overflow_;
};

/// What a ring's descriptor names.
class simulated_ring_object final : public simulated_object {
public:
    simulated_ring_object(change_listener& listener, std::uint64_t number) noexcept
        : simulated_object(listener), number(number) {}
    const std::uint64_t number;
};

}  // namespace spargio::testing::detail
