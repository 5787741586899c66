#include "spargio/shard/reset_wait.hpp"

#include <cerrno>

namespace spargio::detail {

/// The deadline came nearer than its place in the queue of the shard that waits.
void reset_state::move_up() noexcept {
    // Set before the place was taken that the caller has seen.
    shard* const home = home_.load(std::memory_order_acquire);
    if (home == shard::current()) {
        const shard::hold held(*home);
        home->move_up(timer_);
        // The wait may have gone on elsewhere meanwhile.
        if (home == home_.load(std::memory_order_acquire))
            return;
    }
    send_request();
}

void reset_state::send_request() noexcept {
    if (requested_.exchange(true, std::memory_order_acq_rel))
        return;
    users_.fetch_add(1, std::memory_order_relaxed);
    request_.target = home_.load(std::memory_order_acquire);
    request_.target->post(request_);
}

void reset_state::move_request::arrive(work_item& item) noexcept {
    auto& request = static_cast<move_request&>(item);
    reset_state& state = request.self;
    shard& here = *request.target;
    // From here on another reset sends it again; what was reset before is seen below.
    state.requested_.exchange(false, std::memory_order_acq_rel);
    here.move_up(state.timer_);
    if (state.home_.load(std::memory_order_acquire) != &here && state.timer_.must_move_up())
        state.send_request();
    state.let_go();
}

bool reset_wait::start(promise_base& waiter) {
    cancelled_ = !bind(waiter);
    if (cancelled_)
        return false;
    const shard::hold held(home());
    state_.timer_.waiter = this;
    state_.home_.store(&home(), std::memory_order_release);
    home().arm(state_.timer_);
    listen_held();
    return true;
}

bool reset_wait::on_stop() noexcept {
    // Not armed any more: it fired, and beats the cancel.
    if (home().disarm(state_.timer_)) {
        cancelled_ = true;
        end_now();
    }
    return true;
}

result<void> reset_wait::await_resume() const noexcept {
    if (cancelled_)
        return failure(ECANCELED);
    return {};
}

}  // namespace spargio::detail
