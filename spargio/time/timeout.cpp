#include "spargio/time/timeout.hpp"

#include <memory>

namespace spargio::detail {

namespace {

/// Queued when the deadline passes.
struct ringing : work_item {
    using work_item::work_item;
};
/// Sent to the shard when the wait ended elsewhere.
struct removal : work_item {
    using work_item::work_item;
};

}  // namespace

/// A deadline among a shard's timers, and its two users: the wait, and the shard. Each lets go of
/// it once; the last one frees it.
class deadline_wait::alarm : ringing, removal {
public:
    alarm(deadline_wait& wait, shard& home, work_kind kind) noexcept
        : ringing(&ring), removal(&remove), wait_(wait), home_(home) {
        ringing::kind = kind;
        removal::kind = work_kind::request;
        timer_.waiter = static_cast<ringing*>(this);
    }

    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* block, std::size_t bytes) noexcept {
        free_frame(block, bytes);
    }

    void set(std::uint64_t ns, bool relative) {
        const shard::hold held(home_);
        if (relative) {
            home_.arm_for(timer_, ns);
        } else {
            home_.arm(timer_, ns);
        }
    }

    /// The wait's: it is not told any more. \return false when it is being told just now.
    [[nodiscard]] bool leave() noexcept {
        if (shard::current() == &home_) {
            const shard::hold held(home_);
            if (home_.disarm(timer_)) {
                // Nobody else has it.
                delete this;
                return true;
            }
        }
        if (decided_.exchange(true, std::memory_order_acq_rel))
            return false;
        if (shard::current() != &home_) {
            users_.fetch_add(1, std::memory_order_relaxed);
            home_.post_without_bell(static_cast<removal&>(*this));
        }
        let_go();
        return true;
    }
    void let_go() noexcept {
        if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

private:
    static void ring(work_item& item) noexcept {
        auto& rung = static_cast<alarm&>(static_cast<ringing&>(item));
        if (!rung.decided_.exchange(true, std::memory_order_acq_rel))
            rung.wait_.expire();
        rung.let_go();
    }
    /// Comes by on the shard whose timer this is, under its claim.
    static void remove(work_item& item) noexcept {
        auto& left = static_cast<alarm&>(static_cast<removal&>(item));
        if (left.home_.disarm(left.timer_))
            left.let_go();
        left.let_go();
    }

    deadline_wait& wait_;
    shard& home_;
    limit_timer timer_;
    std::atomic<bool> decided_ = false;  // by who came first: the wait that leaves, or the ringing
    std::atomic<unsigned> users_ = 2;
};

std::coroutine_handle<> deadline_wait::start(promise_base& waiter, promise_base& child) {
    shard* const home = shard::current();
    SPARGIO_ASSERT(home != nullptr);
    // Whatever is thrown from here on, the child has not begun, and nobody listens to its token.
    std::unique_ptr<alarm> made(new alarm(*this, *home, waiter.env->record->runs_as));
    waiter_ = &waiter;
    env_.record = waiter.env->record;
    env_.stop = source_.get_token();
    source_.link(waiter.env->stop);
    child.sink = this;
    child.env = &env_;
    // Last, and its owner's no more: it may ring at once, elsewhere.
    alarm_ = made.get();
    made->set(ns_, relative_);
    (void)made.release();
    return transfer_to(&child);
}

promise_base* deadline_wait::finished(promise_base&) noexcept {
    if (alarm_->leave())
        return waiter_;
    // It rings: whoever of the two comes second goes on.
    alarm* const left = alarm_;
    promise_base* const waiter = waiter_;
    const bool second = one_ended_.exchange(true, std::memory_order_acq_rel);
    left->let_go();
    return second ? waiter : nullptr;
}

void deadline_wait::expire() noexcept {
    // The parent may have asked already: then its stop is the reason, not the deadline.
    expired_ = source_.request_stop_first();
    if (one_ended_.exchange(true, std::memory_order_acq_rel))
        waiter_->self.resume();
}

}  // namespace spargio::detail
