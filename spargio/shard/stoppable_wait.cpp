#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

bool stoppable_wait::bind(promise_base& waiter) noexcept {
    home_ = shard::current();
    SPARGIO_ASSERT(home_ != nullptr && "spargio operations are awaited on a shard");
    waiter_ = &waiter;
    return !waiter.env->stop.stop_requested();
}

void stoppable_wait::listen() noexcept {
    if (waiter_->env->stop.stop_possible())
        listener_.emplace(waiter_->env->stop, stop_request{this});
}

void stoppable_wait::stop_requested() noexcept {
    if (shard::current() == home_) {
        if (!over_)
            on_stop();
        return;
    }
    note_sent_.store(true, std::memory_order_release);
    home_->post(note_);
}

void stoppable_wait::stop_note::arrive(work_item& item) noexcept {
    stoppable_wait& wait = *static_cast<stop_note&>(item).wait;
    wait.note_arrived_ = true;
    if (wait.over_) {
        wait.waiter_->self.resume();
    } else {
        wait.on_stop();
    }
}

void stoppable_wait::over(work_item& item) noexcept {
    auto& wait = static_cast<stoppable_wait&>(item);
    wait.over_ = true;
    // From here on no stop request can begin; one that is just being made has sent its note.
    wait.listener_.reset();
    if (wait.note_sent_.load(std::memory_order_acquire) && !wait.note_arrived_)
        return;
    wait.waiter_->self.resume();
}

}  // namespace spargio::detail
