#include "spargio/shard/multishot_source.hpp"

#include <cerrno>

#include "spargio/core/pause.hpp"

namespace spargio::detail {

multishot_source::guard::guard(const multishot_source& guarded) noexcept : flag_(guarded.flag_) {
    for (backoff between_tries; flag_.test_and_set(std::memory_order_acquire);)
        between_tries.wait();
}

// --- the reader ----------------------------------------------------------------------------------

bool multishot_source::has_answer() const noexcept {
    const guard held(*this);
    return answer_ready();
}

/// \return whether there is nothing to wait for. \pre `where`'s claim is held
bool multishot_source::join(work_item& waiter, shard& where) noexcept {
    bool asks = false;
    {
        const guard held(*this);
        SPARGIO_ASSERT(waiting_ == nullptr && "one reader at a time");
        if (answer_ready())
            return true;
        waiting_ = &waiter;
        waits_on_ = &where;
        if (under_way_ || errand_posted_)
            return false;
        asks = &where != &home_;
        errand_posted_ = asks;
    }
    if (asks) {
        home_.post(errand_);
    } else {
        go_on();
    }
    return false;
}

bool multishot_source::leave(const work_item& waiter) noexcept {
    const guard held(*this);
    if (waiting_ != &waiter)
        return false;
    waiting_ = nullptr;
    return true;
}

void multishot_source::request_end() noexcept {
    {
        const guard held(*this);
        if (std::exchange(end_requested_, true) || std::exchange(errand_posted_, true))
            return;
    }
    home_.post(errand_);
}

void multishot_source::abandon() noexcept {
    bool unknown = false;
    {
        const guard held(*this);
        SPARGIO_ASSERT(waiting_ == nullptr && "a reader still waits");
        abandoned_ = true;
        drop_kept();
        if (errand_posted_)
            return;
        unknown = !under_way_;
        errand_posted_ = under_way_;
    }
    if (unknown) {
        delete this;
    } else {
        home_.post(errand_);
    }
}

// --- arrivals ------------------------------------------------------------------------------------

void multishot_source::arrived(const arrival& what, work_list& ready) noexcept {
    work_item* woken = nullptr;
    shard* where = nullptr;
    {
        const guard held(*this);
        keep(what);
        if (abandoned_)
            drop_kept();
        if (waiting_ != nullptr && answer_ready())
            woken = std::exchange(waiting_, nullptr);
        where = waits_on_;
        if (what.more && woken == nullptr && !behind_ && has_enough()) {
            behind_ = true;
            if (!std::exchange(errand_posted_, true))
                ready.push(errand_);
        }
    }
    if (woken == nullptr)
        return;
    if (where == &home_) {
        ready.push(*woken);
    } else {
        where->post(*woken);
    }
}

// --- the home's owner ----------------------------------------------------------------------------

void multishot_source::operation_ended() noexcept {
    operation_ = nullptr;
    go_on(under_way_);
}

void multishot_source::run_errand() noexcept {
    go_on(errand_posted_);
}

void multishot_source::go_on() noexcept {
    bool nothing = true;
    go_on(nothing);
}

/// Does what the state asks for once `over`, which brought the owner here, is not so any more. Both
/// under one guard: in between, a reader that goes would free the source, since the owner has
/// nothing more to do with it. \pre the home's claim is held
void multishot_source::go_on(bool& over) noexcept {
    work_item* woken = nullptr;
    shard* where = nullptr;
    bool cancels = false;
    bool begins = false;
    bool frees = false;
    {
        const guard held(*this);
        over = false;
        if (under_way_) {
            cancels = abandoned_ || end_requested_ || behind_;
        } else if (abandoned_) {
            frees = !errand_posted_;
        } else if (end_requested_) {
            finished_ = true;
            woken = std::exchange(waiting_, nullptr);
            where = waits_on_;
        } else {
            behind_ = false;
            begins = under_way_ = waiting_ != nullptr && !answer_ready();
        }
    }
    // Whoever is woken, on whichever shard, may end this source at once.
    if (woken != nullptr) {
        where->post(*woken);
    } else if (frees) {
        delete this;
    } else if (cancels) {
        cancel();
    } else if (begins) {
        submit_next();
    }
}

void multishot_source::submit_next() noexcept {
    operation_ = next_operation();
    if (operation_ == nullptr)
        return;
    operation_->rewind();
    operation_->waiter = &end_;
    home_.io().submit(*operation_);
}

/// The operation's end is the answer; what waits for room ends here.
void multishot_source::cancel() noexcept {
    if (operation_ != nullptr) {
        home_.io().cancel(*operation_);
    } else if (give_up_arming()) {
        operation_ended();
    }
}

// --- waiting -------------------------------------------------------------------------------------

bool multishot_wait::start(promise_base& waiter) noexcept {
    if (!bind(waiter)) {
        refusal_ = ECANCELED;
        return false;
    }
    if (!home().shares_work_with(source_.home())) [[unlikely]] {
        home().count_affinity_violation();
        refusal_ = EPERM;
        return false;
    }
    if (source_.has_answer() && spend_transfer())
        return false;
    const shard::hold held(home());
    if (source_.join(*this, home())) {
        // It takes its turn all the same when it has had its share.
        end_now();
    } else {
        listen_held();
    }
    return true;
}

bool multishot_wait::on_stop() noexcept {
    if (source_.leave(*this)) {
        refusal_ = ECANCELED;
        end_now();
    }
    return true;
}

}  // namespace spargio::detail
