#include "spargio/ring/ring.hpp"

#include <liburing.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "spargio/ring/closings.hpp"
#include "spargio/ring/detail/kernel_order.hpp"
#include "spargio/ring/detail/newer_abi.hpp"
#include "spargio/ring/detail/user_data.hpp"

namespace spargio {

using detail::completion_tag;

namespace {

unsigned load_acquire(const unsigned* shared) noexcept {
    return __atomic_load_n(shared, __ATOMIC_ACQUIRE);
}
unsigned load_relaxed(const unsigned* shared) noexcept {
    return __atomic_load_n(shared, __ATOMIC_RELAXED);
}
void store_release(unsigned* shared, unsigned value) noexcept {
    __atomic_store_n(shared, value, __ATOMIC_RELEASE);
}

/// Work in a kernel thread ends interrupted when it is cancelled. It says so as EINTR, or, from an
/// open or a connect, by a number that is meant for the kernel alone (ERESTARTSYS and its like).
int error_of(int outcome, bool cancelled) noexcept {
    const bool interrupted = outcome == -EINTR || (outcome <= -512 && outcome >= -516);
    return !interrupted ? outcome : cancelled ? -ECANCELED : -EINTR;
}

arrival arrival_of(int outcome, unsigned flags) noexcept {
    return {.outcome = outcome,
            .more = (flags & IORING_CQE_F_MORE) != 0,
            .notification = (flags & IORING_CQE_F_NOTIF) != 0,
            .buffer_goes_on = (flags & detail::abi::cqe_f_buf_more) != 0,
            .buffer = (flags & IORING_CQE_F_BUFFER) != 0 ? flags >> IORING_CQE_BUFFER_SHIFT
                                                         : arrival::no_buffer};
}

bool reads_from_another(const ::io_uring_sqe& request) noexcept {
    return request.opcode == IORING_OP_SPLICE || request.opcode == IORING_OP_TEE;
}

/// What an entry may answer. EBADR is the one answer nobody can live with: those who wait for what
/// was lost would wait for ever, and their memory could never be used again.
int checked(int outcome) noexcept {
    if (outcome == -EBADR) [[unlikely]] {
        std::fputs(
            "spargio: the kernel lost completions for want of memory (io_uring_enter: EBADR); what "
            "waits for them could never end\n",
            stderr);
        std::abort();
    }
    SPARGIO_ASSERT(outcome >= 0 || outcome == -EINTR || outcome == -ETIME || outcome == -EAGAIN ||
                   outcome == -EBUSY || outcome == -ENOMEM);
    return outcome;
}

}  // namespace

// --- submitting ----------------------------------------------------------------------------------

void ring::submit(operation& op) noexcept {
    SPARGIO_ASSERT(op.state_ == operation::state::idle);
    SPARGIO_ASSERT(op.waiter != nullptr);
    // Behind what already waits, or the order of one descriptor's operations would be lost.
    if (backlog_.head == nullptr && place(op)) [[likely]]
        return;
    op.state_ = operation::state::backlog;
    op.outcome_ = closings_seen_by(op);
    backlog_.push(op);
}

/// Changes when a descriptor of its is closed.
int ring::closings_seen_by(const operation& op) noexcept {
    ::io_uring_sqe request;
    op.type_->prepare(op, request);
    std::uint32_t count = detail::closings::of(request.fd);
    if (reads_from_another(request))
        count += detail::closings::of(request.splice_fd_in);
    return static_cast<int>(count);
}

bool ring::place(operation& op) noexcept {
    if (in_flight() >= options_.most_in_flight)
        return false;
    ::io_uring_sqe* request = acquire();
    if (request == nullptr)
        return false;
    op.type_->prepare(op, *request);
    op.generation_ = ++generation_;
    request->user_data = detail::user_data(completion_tag::operation, op, op.generation_);
    op.state_ = operation::state::in_flight;
    ++submitted_;
    detail::handed_to_kernel(&op);
    return true;
}

void ring::cancel(operation& op) noexcept {
    if (op.state_ == operation::state::backlog) {
        backlog_.remove(op);
        op.outcome_ = -ECANCELED;
        op.state_ = operation::state::done;
        ended_early_.push(*op.waiter);
        return;
    }
    if (op.state_ != operation::state::in_flight || op.cancel_sent_ || op.cancel_waiting_)
        return;
    if (place_cancel(op))
        return;
    op.cancel_waiting_ = true;
    cancel_backlog_.push(op);
}

bool ring::cancel_from_outside(operation& op) noexcept {
    if (op.state_ != operation::state::in_flight || op.cancel_sent_)
        return op.state_ != operation::state::backlog;
    ::io_uring_sync_cancel_reg request{};
    request.addr = detail::user_data(completion_tag::operation, op, op.generation_);
    request.fd = -1;
    const int outcome = kernel_.control(uring_->ring_fd, IORING_REGISTER_SYNC_CANCEL, &request, 1);
    // Not found: done, or not handed over yet. What is being done already may still be interrupted.
    const bool asked = outcome >= 0 || outcome == -EALREADY || outcome == -ETIME;
    op.cancel_sent_ |= asked;
    return asked;
}

bool ring::place_cancel(operation& op) noexcept {
    ::io_uring_sqe* request = acquire();
    if (request == nullptr)
        return false;
    io_uring_prep_cancel64(request,
                           detail::user_data(completion_tag::operation, op, op.generation_), 0);
    request->user_data = detail::user_data(completion_tag::cancel, op, op.generation_);
    op.cancel_sent_ = true;
    ++op.acknowledgements_due_;
    return true;
}

bool ring::attempt(operation& op) noexcept {
    // Not past what waits, or the order of one descriptor's operations would be lost.
    if (!features_.has(feature::attempt_first) || backlog_.head != nullptr)
        return false;
    ::io_uring_sqe request;
    op.type_->prepare(op, request);
    const int outcome = kernel_.attempt(request);
    // An interrupted attempt did nothing either.
    if (outcome == -EAGAIN || outcome == -EOPNOTSUPP || outcome == -EINTR)
        return false;
    op.settle(outcome);
    return true;
}

/// Room for one request, after a flush if need be; null while the kernel takes nothing.
::io_uring_sqe* ring::acquire() noexcept {
    if (tail_ - load_acquire(sq_head_) > sq_mask_) [[unlikely]] {
        enter(0, 0, kernel::no_timeout);
        if (tail_ - load_acquire(sq_head_) > sq_mask_)
            return nullptr;
    }
    return &uring_->sq.sqes[tail_++ & sq_mask_];
}

/// Gives requests to what had to wait, oldest first, cancels before new work.
void ring::place_waiting() noexcept {
    if (bell_idle_)
        place_bell_listener();
    while (cancel_backlog_.head != nullptr) {
        operation& op = *cancel_backlog_.head;
        if (op.state_ == operation::state::in_flight && !place_cancel(op))
            break;
        cancel_backlog_.remove(op);
        op.cancel_waiting_ = false;
        if (op.state_ != operation::state::completed)
            continue;
        op.state_ = operation::state::done;
        ++completed_;
        if (op.lingering_)
            lingering_.add(-1u);
        ended_early_.push(*op.waiter);
    }
    while (backlog_.head != nullptr) {
        operation& op = *backlog_.head;
        if (op.outcome_ != closings_seen_by(op)) [[unlikely]] {
            backlog_.remove(op);
            op.outcome_ = -EBADF;
            op.state_ = operation::state::done;
            ended_early_.push(*op.waiter);
            continue;
        }
        if (!place(op))
            break;
        // place() has not touched the links: the operation is still the list's head.
        backlog_.remove(op);
    }
}

unsigned ring::unsubmitted() const noexcept {
    return tail_ - load_acquire(sq_head_);
}

void ring::flush() noexcept {
    static_assert(flags_that_want_entry == (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN));
    if (backlog_.head != nullptr || cancel_backlog_.head != nullptr || bell_idle_)
        place_waiting();
    if (unsubmitted() == 0 && !entry_wanted())
        return;
    enter(0, entry_wanted() ? IORING_ENTER_GETEVENTS : 0, kernel::no_timeout);
}

void ring::submit_now() noexcept {
    if (unsubmitted() != 0)
        enter(0, 0, kernel::no_timeout);
}

/// What is prepared is handed over; what the kernel does not take now would meet whoever has the
/// number later, and so do those that wait for room, which tell by the count.
void ring::before_close(int number) noexcept {
    submit_now();
    for (unsigned at = load_acquire(sq_head_); at != tail_; ++at) {
        ::io_uring_sqe& request = uring_->sq.sqes[at & sq_mask_];
        if (detail::tag_of(request.user_data) != completion_tag::operation)
            continue;
        if (request.fd == number)
            request.fd = -1;
        if (reads_from_another(request) && request.splice_fd_in == number)
            request.splice_fd_in = -1;
    }
}

void ring::wait(std::uint64_t timeout_ns) noexcept {
    if (backlog_.head != nullptr || cancel_backlog_.head != nullptr || bell_idle_)
        place_waiting();
    // Ended without the kernel: nothing to wait for, and nobody would wake us.
    const unsigned wanted = ended_early_.empty() ? 1 : 0;
    const int outcome = enter(wanted, IORING_ENTER_GETEVENTS, timeout_ns);
    if (outcome != -EAGAIN && outcome != -ENOMEM && outcome != -EBUSY) [[likely]] {
        refusals_ = 0;
    } else if (wanted != 0) {
        back_off(timeout_ns);
    }
}

/// A kernel that is short of memory refuses requests at once, and who came straight back would turn
/// as fast as the CPU can. So this waits without them, longer each time, for what could give
/// room: a completion, which a bell is too, or a little time.
void ring::back_off(std::uint64_t timeout_ns) noexcept {
    constexpr std::uint64_t shortest_ns = 16'000;
    constexpr std::uint8_t most_doublings = 6;  // about a millisecond
    const std::uint64_t pause_ns = shortest_ns << refusals_;
    if (refusals_ < most_doublings)
        ++refusals_;
    ++entered_;
    checked(kernel_.enter(*uring_, 0, 1, IORING_ENTER_GETEVENTS, std::min(timeout_ns, pause_ns)));
}

/// Every answer of the kernel is one of three: it took something, it was interrupted or timed out,
/// or it is short of room until completions are reaped. In all of them what was not taken stays in
/// the queue, and the loop comes back.
int ring::enter(unsigned wait, unsigned flags, std::uint64_t timeout_ns) noexcept {
    store_release(sq_tail_, tail_);
    ++entered_;
    if ((load_relaxed(sq_flags_) & IORING_SQ_CQ_OVERFLOW) != 0) {
        ++overflows_;
        flags |= IORING_ENTER_GETEVENTS;
    }
    return checked(kernel_.enter(*uring_, unsubmitted(), wait, flags, timeout_ns));
}

// --- reaping -------------------------------------------------------------------------------------

unsigned ring::reap(detail::work_list& ready) noexcept {
    unsigned head = load_relaxed(cq_head_);
    const unsigned tail = load_acquire(cq_tail_);
    const unsigned taken = tail - head;
    for (; head != tail; ++head) {
        const ::io_uring_cqe& completion = uring_->cq.cqes[head & cq_mask_];
        const std::uint64_t data = completion.user_data;
        switch (detail::tag_of(data)) {
        case completion_tag::operation: {
            operation& op = detail::operation_of(data);
            detail::returned_by_kernel(&op);
            if (op.state_ != operation::state::in_flight ||
                op.generation_ != detail::generation_of(data)) [[unlikely]] {
                stray();
                break;
            }
            op.outcome_ = completion.res;
            if (completion.res < 0) [[unlikely]]
                op.outcome_ = error_of(completion.res, op.cancel_sent_);
            if (op.type_->take != nullptr) [[unlikely]] {
                const arrival what = arrival_of(op.outcome_, completion.flags);
                op.type_->take(op, what, ready);
                if (what.more) {
                    if (op.type_->lingers && !op.lingering_) {
                        op.lingering_ = true;
                        ++lingering_;
                    }
                    break;
                }
            }
            op.state_ = operation::state::completed;
            complete(op, ready);
            break;
        }
        case completion_tag::cancel: {
            operation& op = detail::operation_of(data);
            if (op.acknowledgements_due_ == 0 || op.generation_ != detail::generation_of(data))
                [[unlikely]] {
                stray();
                break;
            }
            --op.acknowledgements_due_;
            if (op.state_ == operation::state::completed)
                complete(op, ready);
            break;
        }
        case completion_tag::bell:
            break;
        case completion_tag::bell_sent:
            if (completion.res < 0) {
                failed_bells_.set(detail::number_of(data));
                bells_failed_ = true;
            }
            break;
        case completion_tag::bell_listener:
            bell_idle_ = true;
            break;
        case completion_tag::message:
        case completion_tag::message_sent:
            if (port_ == nullptr) [[unlikely]] {
                stray();
            } else if (detail::tag_of(data) == completion_tag::message) {
                port_->arrived(detail::payload_of(data),
                               static_cast<std::uint32_t>(completion.res));
            } else {
                port_->settled(detail::number_of(data), completion.res < 0);
            }
            break;
        }
    }
    if (taken != 0)
        store_release(cq_head_, head);
    return taken;
}

/// The final completion is there: done, unless the kernel or a queue still refers to the operation.
void ring::complete(operation& op, detail::work_list& ready) noexcept {
    if (op.acknowledgements_due_ != 0 || op.cancel_waiting_)
        return;
    op.state_ = operation::state::done;
    ++completed_;
    if (op.lingering_) [[unlikely]]
        lingering_.add(-1u);
    ready.push(*op.waiter);
}

/// A completion that belongs to nothing: the kernel, or who wrote over the memory, is wrong. Of an
/// operation's earlier use it differs by the generation, in 255 cases of 256.
void ring::stray() noexcept {
    SPARGIO_ASSERT(false && "a completion nobody waits for");
    ++strays_;
}

// --- lists ---------------------------------------------------------------------------------------

void ring::pending_list::push(operation& op) noexcept {
    SPARGIO_ASSERT(op.next_ == nullptr && op.previous_ == nullptr);
    op.previous_ = tail;
    (tail != nullptr ? tail->next_ : head) = &op;
    tail = &op;
}

void ring::pending_list::remove(operation& op) noexcept {
    SPARGIO_ASSERT(op.previous_ != nullptr || head == &op);
    SPARGIO_ASSERT(op.next_ != nullptr || tail == &op);
    (op.previous_ != nullptr ? op.previous_->next_ : head) = op.next_;
    (op.next_ != nullptr ? op.next_->previous_ : tail) = op.previous_;
    op.next_ = op.previous_ = nullptr;
}

}  // namespace spargio
