#include <cerrno>

#include "spargio/runtime/cancelled_awaiter.hpp"

namespace spargio::detail {

bool cancelled_awaiter::start(promise_base& waiter) noexcept {
    if (source_->stop_requested())
        return false;
    stopped_ = !bind(waiter);
    if (stopped_)
        return false;
    // It may be told at once; that is a post, which is not looked at before the claim is free.
    const shard::hold held(home());
    listener_.emplace(source_->get_token(), tell{this});
    listen_held();
    return true;
}

void cancelled_awaiter::told() noexcept {
    if (!decided_.exchange(true, std::memory_order_acq_rel))
        home().post(*this);
}

bool cancelled_awaiter::on_stop() noexcept {
    if (!decided_.exchange(true, std::memory_order_acq_rel)) {
        stopped_ = true;
        end_now();
    }
    return true;
}

result<void> cancelled_awaiter::await_resume() noexcept {
    listener_.reset();
    if (stopped_)
        return failure(ECANCELED);
    return {};
}

}  // namespace spargio::detail
