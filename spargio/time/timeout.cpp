#include "spargio/time/timeout.hpp"

namespace spargio::detail {

std::coroutine_handle<> deadline_wait::start(promise_base& waiter, promise_base& child) {
    home_ = shard::current();
    SPARGIO_ASSERT(home_ != nullptr);
    waiter_ = &waiter;
    env_.record = waiter.env->record;
    env_.stop = source_.get_token();
    timer_.waiter = this;
    home_->arm(timer_, relative_ ? deadline_after(home_->now_ns(), ns_) : ns_);
    follow_.emplace(waiter.env->stop, stop_child{this});
    child.sink = this;
    child.env = &env_;
    return transfer_to(&child);
}

promise_base* deadline_wait::finished(promise_base&) noexcept {
    child_ended_ = true;
    // Neither armed nor expired: the timer is in the run queue, and goes on from there.
    return home_->disarm(timer_) || timer_ran_ ? waiter_ : nullptr;
}

void deadline_wait::expire(work_item& item) noexcept {
    auto& self = static_cast<deadline_wait&>(item);
    if (self.child_ended_) {
        self.waiter_->self.resume();
        return;
    }
    self.timer_ran_ = true;
    // The parent may have asked already: then its stop is the reason, not the deadline.
    self.expired_ = self.source_.request_stop();
}

}  // namespace spargio::detail
