#pragma once

#include <cstdint>

#include "spargio/core/work_item.hpp"

struct io_uring_sqe;

namespace spargio {

class ring;
class operation;

/// One completion of an operation that may have several.
struct arrival {
    static constexpr unsigned no_buffer = ~0u;

    int outcome = 0;              ///< what the system call returns, errors negative
    bool more = false;            ///< it is not the last one
    bool notification = false;    ///< the kernel is through with what a zero-copy send reads
    bool buffer_goes_on = false;  ///< more may be put into the same buffer
    unsigned buffer = no_buffer;  ///< the provided buffer what was received begins in
};

/// What distinguishes one kind of operation from another: how it fills its request.
struct operation_type {
    const char* name;
    void (*prepare)(const operation& self, ::io_uring_sqe& request) noexcept;
    bool cancellable = true;  // false: it is done whatever happens, as a close must be
    /// Of an operation with several completions: takes each as it is reaped, the last included.
    void (*take)(operation& self, const arrival& what, detail::work_list& ready) noexcept = nullptr;
    /// After its first completion the kernel only still reads what was lent to it, for as long as a
    /// peer likes: the end of a ring does not wait for that.
    bool lingers = false;
    /// It never waits, but the kernel gives it to a worker, which looks its descriptor up only when
    /// its turn comes: better done without the ring.
    bool at_once = false;
};

/// One request to the kernel, from submit to its last completion. It lives in the awaiter that
/// waits for it and must outlive its final completion (asserted).
/// Thread: the ring's owner submits and cancels; the holder of the service claim completes.
class alignas(8) operation {
public:
    enum class state : std::uint8_t {
        idle,       // not submitted
        backlog,    // waits for room in the ring
        in_flight,  // with the kernel
        completed,  // final completion seen, a cancel's acknowledgement still to come
        done        // nothing of it is left in the kernel; the result is final
    };

    explicit operation(const operation_type& type) noexcept : type_(&type) {}
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;
    ~operation() { SPARGIO_ASSERT(state_ == state::idle || state_ == state::done); }

    [[nodiscard]] const char* name() const noexcept { return type_->name; }
    [[nodiscard]] bool cancellable() const noexcept { return type_->cancellable; }
    [[nodiscard]] bool at_once() const noexcept { return type_->at_once; }
    [[nodiscard]] state current_state() const noexcept { return state_; }
    /// The completion's value: what the system call returns, errors negative. \pre done.
    [[nodiscard]] int outcome() const noexcept {
        SPARGIO_ASSERT(state_ == state::done);
        return outcome_;
    }
    /// It is most likely to wait: the kernel need not try before it does.
    void expect_to_wait() noexcept { waits_first_ = true; }
    [[nodiscard]] bool waits_first() const noexcept { return waits_first_; }
    /// Makes a finished operation fit to be submitted again.
    void rewind() noexcept {
        SPARGIO_ASSERT(state_ == state::done || state_ == state::idle);
        state_ = state::idle;
        cancel_sent_ = false;
        lingering_ = false;
        waits_first_ = false;
    }
    /// Records an outcome that was reached without the ring. \pre idle.
    void settle(int outcome) noexcept {
        SPARGIO_ASSERT(state_ == state::idle);
        outcome_ = outcome;
        state_ = state::done;
    }

    /// Queued when the operation is done. Set before submit.
    detail::work_item* waiter = nullptr;

private:
    friend class ring;

    const operation_type* type_;
    // In the ring's backlog, or among the cancels that wait for room.
    operation* next_ = nullptr;
    operation* previous_ = nullptr;
    int outcome_ = 0;  // in the backlog: how often its descriptors had been closed
    state state_ = state::idle;
    std::uint8_t acknowledgements_due_ = 0;  // of cancels that were sent
    std::uint8_t generation_ = 0;  // tells its completion from one of an earlier use of the memory
    bool cancel_sent_ : 1 = false;
    bool cancel_waiting_ : 1 = false;
    bool lingering_ : 1 = false;
    bool waits_first_ : 1 = false;
};

}  // namespace spargio
