#include "spargio/shard/next_message.hpp"

#include <cerrno>

namespace spargio::detail {

bool receive_wait::start(promise_base& waiter, std::span<message> room) noexcept {
    cancelled_ = !bind(waiter);
    if (cancelled_)
        return false;
    wait_.room = room;
    wait_.waiter = this;
    const shard::hold held(home());
    if (home().receive(wait_, lane_)) {
        // Something was there. Its reader takes its turn all the same when it has had its share.
        if (spend_transfer())
            return false;
        end_now();
        return true;
    }
    listen_held();
    return true;
}

bool receive_wait::on_stop() noexcept {
    // Not in the line any more: a message is already ours, and beats the cancel.
    if (home().stop_receiving(wait_, lane_)) {
        cancelled_ = true;
        end_now();
    }
    return true;
}

result<std::size_t> receive_wait::taken() const noexcept {
    if (cancelled_)
        return failure(ECANCELED);
    return wait_.taken;
}

}  // namespace spargio::detail
