#include "spargio/shard/next_message.hpp"

#include <cerrno>

namespace spargio::detail {

bool message_awaiter::start(promise_base& waiter) noexcept {
    cancelled_ = !bind(waiter);
    if (cancelled_)
        return false;
    wait_.waiter = this;
    const shard::hold held(home());
    if (home().receive(wait_)) {
        // A message was there. Its reader takes its turn all the same when it has had its share.
        if (spend_transfer())
            return false;
        end_now();
        return true;
    }
    listen_held();
    return true;
}

bool message_awaiter::on_stop() noexcept {
    // Not in the line any more: a message is already ours, and beats the cancel.
    if (home().stop_receiving(wait_)) {
        cancelled_ = true;
        end_now();
    }
    return true;
}

result<message> message_awaiter::await_resume() const noexcept {
    if (cancelled_)
        return failure(ECANCELED);
    return wait_.received;
}

}  // namespace spargio::detail
