#include "spargio/shard/sleep_awaiter.hpp"

#include <cerrno>

namespace spargio::detail {

bool sleep_awaiter::start(promise_base& waiter) {
    cancelled_ = !bind(waiter);
    if (cancelled_)
        return false;
    timer_.waiter = this;
    const std::uint64_t deadline = relative_ ? deadline_after(home().now_ns(), ns_) : ns_;
    const shard::hold held(home());
    home().arm(timer_, deadline);
    listen_held();
    return true;
}

bool sleep_awaiter::on_stop() noexcept {
    // Not armed any more: it fired, and beats the cancel.
    if (home().disarm(timer_)) {
        cancelled_ = true;
        end_now();
    }
    return true;
}

result<void> sleep_awaiter::await_resume() const noexcept {
    if (cancelled_)
        return failure(ECANCELED);
    return {};
}

}  // namespace spargio::detail
