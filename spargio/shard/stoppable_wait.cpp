#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

bool stoppable_wait::bind(promise_base& waiter) noexcept {
    home_ = shard::current();
    SPARGIO_ASSERT(home_ != nullptr && "spargio operations are awaited on a shard");
    waiter_ = &waiter;
    kind = waiter.env->record->runs_as;
    return !waiter.env->stop.stop_requested();
}

void stoppable_wait::listen() noexcept {
    if (waiter_->env->stop.stop_possible())
        listener_.emplace(waiter_->env->stop, stop_request{this});
}

void stoppable_wait::listen_held() noexcept {
    held_ = true;
    listen();
    held_ = false;
}

void stoppable_wait::stop_requested() noexcept {
    if (shard::current() != home_) {
        progress_.fetch_or(note_sent, std::memory_order_release);
        home_->post(note_);
    } else if (held_) {
        (void)on_stop();
    } else {
        const shard::hold held(*home_);
        (void)on_stop();
    }
}

void stoppable_wait::stop_note::arrive(work_item& item) noexcept {
    stoppable_wait& wait = *static_cast<stop_note&>(item).wait;
    // The wait may end meanwhile, elsewhere; it is there as long as this note has not arrived.
    if ((wait.progress_.load(std::memory_order_acquire) & is_over) == 0 && !wait.on_stop()) {
        wait.home_->leave_to_owner(item);
        return;
    }
    if ((wait.progress_.fetch_or(note_arrived, std::memory_order_acq_rel) & is_over) != 0) {
        wait.run = &go_on;
        wait.home_->wake(wait);
    }
}

void stoppable_wait::over(work_item& item) noexcept {
    auto& wait = static_cast<stoppable_wait&>(item);
    // From here on no stop request can begin; one that is just being made has sent its note.
    wait.listener_.reset();
    const std::uint8_t seen = wait.progress_.fetch_or(is_over, std::memory_order_acq_rel);
    if ((seen & (note_sent | note_arrived)) != note_sent)
        wait.waiter_->self.resume();
}

void stoppable_wait::go_on(work_item& item) noexcept {
    static_cast<stoppable_wait&>(item).waiter_->self.resume();
}

}  // namespace spargio::detail
