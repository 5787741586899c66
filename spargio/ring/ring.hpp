#pragma once

#include <bitset>
#include <cstdint>
#include <memory>

#include "spargio/core/counter.hpp"
#include "spargio/core/result.hpp"
#include "spargio/core/work_item.hpp"
#include "spargio/ring/feature.hpp"
#include "spargio/ring/kernel.hpp"
#include "spargio/ring/message_port.hpp"
#include "spargio/ring/operation.hpp"

namespace spargio {

struct ring_options {
    unsigned entries = 256;            ///< submission queue; a power of two from 16 to 32,768
    unsigned cq_entries = 1024;        ///< completion queue; what does not fit the kernel keeps
    unsigned most_in_flight = 65'536;  ///< operations with the kernel at once
    unsigned io_workers = 32;          ///< kernel threads for what cannot be done without blocking
    bool deferred = false;             ///< SINGLE_ISSUER | DEFER_TASKRUN where the kernel has it
    feature_set disabled;              ///< forced off
};

/// One io_uring. It submits, reaps and cancels operations and knows no tasks: a finished operation
/// queues its waiter, nothing more.
///
/// Thread: the owner, which opened it, for everything but reap() and completions_visible(), which
/// belong to the holder of the shard's service claim.
/// Limit: `most_in_flight` operations with the kernel; what is submitted past that waits in order
/// in a backlog, linked through the operations themselves, so nothing is refused and nothing
/// allocated. The limit is above the completion queue on purpose: what waits for a peer takes no
/// room there, and a thousand idle connections must not keep the one that speaks from its answer.
class ring {
public:
    static constexpr unsigned most_rings = 256;  // doorbell targets that can be told apart

    /// Sets a ring up on the calling thread, falling back where a feature is missing, and to short
    /// queues where memory is.
    /// Errors: those of io_uring_setup(2).
    [[nodiscard]] static result<std::unique_ptr<ring>> open(kernel& entry,
                                                            const ring_options& options);
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring();

    [[nodiscard]] int descriptor() const noexcept;
    [[nodiscard]] feature_set features() const noexcept { return features_; }

    // --- the owner -------------------------------------------------------------------------------

    /// Queues `op` for the next flush. Its waiter is queued when it is done.
    void submit(operation& op) noexcept;
    /// Asks for `op` to end early. The completion is the answer: a result that was already there
    /// beats the cancel. Harmless when the operation is done or a cancel is under way.
    void cancel(operation& op) noexcept;
    /// Does `op` right now if that needs no waiting. False: untouched, submit it.
    [[nodiscard]] bool attempt(operation& op) noexcept;
    /// Wakes the ring `target_descriptor` with the next flush; `target` (below most_rings) names it
    /// in take_failed_bells(). False: no room just now, use another way.
    [[nodiscard]] bool send_bell(int target_descriptor, unsigned target) noexcept;
    /// Puts a message into the completion queue of another ring with the next flush: `payload`,
    /// below 2^61, and a word. The port is told what became of `number`. False: no room just now.
    [[nodiscard]] bool send_message(int target_descriptor, std::uint64_t payload,
                                    std::uint32_t word, unsigned number) noexcept;
    /// Where messages of others, and what became of the own, are told. Without one they are stray.
    void set_message_port(message_port& port) noexcept { port_ = &port; }
    /// Reads one bell stroke from eventfd `bell` in the background, for ever: its writes wake
    /// wait().
    void listen_to_bell(int bell) noexcept;

    /// The last thing the owner does with the ring. After its thread has ended any other may
    /// destroy it: unmapping memory that two running threads share interrupts the other's CPU.
    void leave() noexcept;

    /// Requests prepared and not yet handed to the kernel.
    [[nodiscard]] unsigned unsubmitted() const noexcept;
    /// The kernel holds completions back until it is entered.
    [[nodiscard]] bool entry_wanted() const noexcept {
        return (__atomic_load_n(sq_flags_, __ATOMIC_RELAXED) & flags_that_want_entry) != 0;
    }
    /// Hands everything prepared to the kernel, if there is anything, without waiting.
    void flush() noexcept;
    /// Hands what is prepared to the kernel now, in the middle of a turn; nothing else. Thread: the
    /// owner, who need not hold the service claim.
    void submit_now() noexcept;
    /// Before descriptor `number` is closed, and counted as that: what was submitted and is not
    /// with the kernel yet goes there, or ends with EBADF. Thread: as submit_now().
    void before_close(int number) noexcept;
    /// flush(), then waits for a completion, a bell or the timeout. While the kernel takes no
    /// requests it is at most a millisecond until they are offered again.
    void wait(std::uint64_t timeout_ns) noexcept;
    /// Waiters of operations that ended without the kernel's help (cancelled in the backlog).
    [[nodiscard]] detail::work_list& ended_early() noexcept { return ended_early_; }
    /// Bells that could not be rung since the last call.
    [[nodiscard]] bool bells_failed() const noexcept { return bells_failed_; }
    /// Nothing of any operation is left but what was lent: none in flight, none that waits for
    /// room, and nobody who waits for one still has to be told.
    [[nodiscard]] bool idle() const noexcept {
        return in_flight() == lingering_.get() && backlog_.head == nullptr &&
               cancel_backlog_.head == nullptr && ended_early_.empty();
    }
    [[nodiscard]] std::bitset<most_rings> take_failed_bells() noexcept;

    // --- the holder of the service claim ---------------------------------------------------------

    [[nodiscard]] bool completions_visible() const noexcept {
        return __atomic_load_n(cq_tail_, __ATOMIC_ACQUIRE) !=
               __atomic_load_n(cq_head_, __ATOMIC_RELAXED);
    }
    /// cancel() from another thread, while the owner is stuck. False: only the owner can do it now.
    /// Source: IORING_REGISTER_SYNC_CANCEL (Linux 6.0).
    [[nodiscard]] bool cancel_from_outside(operation& op) noexcept;
    /// Takes every completion there is and queues the waiters of what is done into `ready`.
    /// Resumes nothing. \return completions taken.
    unsigned reap(detail::work_list& ready) noexcept;

    // --- any thread, as an estimate --------------------------------------------------------------

    /// Operations the kernel has something of: a request, or a cancel's acknowledgement to come.
    [[nodiscard]] unsigned in_flight() const noexcept {
        return submitted_.get() - completed_.get();
    }
    [[nodiscard]] std::uint64_t entries_into_kernel() const noexcept { return entered_.get(); }
    [[nodiscard]] std::uint64_t overflows() const noexcept { return overflows_.get(); }
    /// Completions nobody waited for, ignored; where assertions are on, the program ends instead.
    [[nodiscard]] std::uint64_t stray_completions() const noexcept { return strays_.get(); }

private:
    static constexpr unsigned flags_that_want_entry = 2 | 4;  // overflow, task work

    /// Linked both ways: cancelling in a long backlog looks at the neighbours alone.
    struct pending_list {
        operation* head = nullptr;
        operation* tail = nullptr;
        void push(operation& op) noexcept;
        void remove(operation& op) noexcept;
    };

    ring(kernel& entry, const ring_options& options);
    int create(unsigned entries, unsigned cq_entries);
    int set_up();
    int enter(unsigned wait, unsigned flags, std::uint64_t timeout_ns) noexcept;
    void back_off(std::uint64_t timeout_ns) noexcept;
    [[nodiscard]] ::io_uring_sqe* acquire() noexcept;
    bool place(operation& op) noexcept;
    bool place_cancel(operation& op) noexcept;
    [[nodiscard]] static int closings_seen_by(const operation& op) noexcept;
    void place_bell_listener() noexcept;
    void place_waiting() noexcept;
    void complete(operation& op, detail::work_list& ready) noexcept;
    void stray() noexcept;

    kernel& kernel_;
    const ring_options options_;
    feature_set features_;
    std::unique_ptr<::io_uring> uring_;
    bool registered_ = false;

    // Mapped memory, shared with the kernel.
    unsigned* sq_head_ = nullptr;
    unsigned* sq_tail_ = nullptr;
    unsigned* sq_flags_ = nullptr;
    unsigned* cq_head_ = nullptr;
    unsigned* cq_tail_ = nullptr;
    unsigned sq_mask_ = 0;
    unsigned cq_mask_ = 0;

    unsigned tail_ = 0;            // of the submission queue, published by enter()
    std::uint8_t generation_ = 0;  // of the operation given a request last
    std::uint8_t refusals_ = 0;    // waits in a row to which the kernel said that it has no room
    pending_list backlog_;
    pending_list cancel_backlog_;
    detail::work_list ended_early_;
    std::bitset<most_rings> failed_bells_;
    bool bells_failed_ = false;
    message_port* port_ = nullptr;
    int bell_ = -1;
    bool bell_idle_ = false;  // listen_to_bell()'s read has to be placed again

    detail::counter<unsigned> submitted_;  // operations ever given a request; written by the owner
    detail::counter<unsigned> completed_;  // those of them that are done; by the claim's holder
    detail::counter<unsigned> lingering_;  // in flight for what was lent alone; by the same
    detail::counter<> entered_;
    detail::counter<> overflows_;
    detail::counter<> strays_;
};

}  // namespace spargio
