#include "spargio/boundary/told_wait.hpp"

namespace spargio::detail {

bool told_wait::go_on_in_turn() noexcept {
    if (spend_transfer())
        return false;
    const shard::hold held(home());
    end_now();
    return true;
}

bool call_wait::wait_for(call_line& line, call_slot& filled) {
    at_ = &line;
    slot_ = &filled;
    const shard::hold held(home());
    if (!line.submit(filled, call_slot::caller::task, this)) {
        slot_ = nullptr;
        return false;
    }
    listen_held();
    return true;
}

bool call_wait::on_stop() noexcept {
    // Ended already: that beats the cancel.
    if (at_->leave(*slot_))
        end_now();
    return true;
}

bool recv_wait::start(promise_base& waiter, call_line& line) {
    if (!bind(waiter)) {
        why_ = std::make_error_code(std::errc::operation_canceled);
        return false;
    }
    at_ = &line;
    for (;;) {
        // Without the claim: callbacks of calls that are too late may run in here.
        got_ = line.take(why_);
        if (got_ != nullptr || why_)
            return go_on_in_turn();
        const shard::hold held(home());
        if (line.wait_for_call(*this)) {
            listen_held();
            return true;
        }
    }
}

bool recv_wait::on_stop() noexcept {
    // Not in the line any more: a call is ours already, and beats the cancel.
    if (at_->stop_waiting(*this)) {
        why_ = std::make_error_code(std::errc::operation_canceled);
        end_now();
    }
    return true;
}

}  // namespace spargio::detail
