#include "spargio/shard/next_hot_count.hpp"

#include <cerrno>

namespace spargio::detail {

bool hot_count_awaiter::start(promise_base& waiter) noexcept {
    if (!bind(waiter)) {
        error_ = ECANCELED;
        return false;
    }
    const auto number = home().number_of_coalesced(tag_);
    if (!number) {
        error_ = EINVAL;
        return false;
    }
    wait_.number = *number;
    wait_.waiter = this;
    const shard::hold held(home());
    if (home().counts().receive(wait_)) {
        if (spend_transfer())
            return false;
        end_now();
        return true;
    }
    listen_held();
    return true;
}

bool hot_count_awaiter::on_stop() noexcept {
    // Not in the line any more: a count is already ours, and beats the cancel.
    if (home().counts().stop_receiving(wait_)) {
        error_ = ECANCELED;
        end_now();
    }
    return true;
}

result<std::uint64_t> take_hot_count(std::uint32_t tag) noexcept {
    shard* const here = shard::current();
    SPARGIO_ASSERT(here != nullptr);
    const auto number = here->number_of_coalesced(tag);
    if (!number)
        return failure(EINVAL);
    const shard::hold held(*here);
    return here->counts().take(*number);
}

}  // namespace spargio::detail
