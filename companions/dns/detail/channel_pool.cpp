#include "companions/dns/detail/channel_pool.hpp"

namespace spargio::dns::detail {

channel_pool::channel_pool(channel_settings settings, unsigned most)
    : settings_(std::make_shared<const channel_settings>(std::move(settings))), most_(most) {
    at_rest_.reserve(most_at_rest);
}

result<channel_pool::lease> channel_pool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (leased_ == most_)
            return failure(make_error_code(spargio::errc::overloaded));
        ++leased_;
        if (!at_rest_.empty()) {
            lease rested(*this, std::move(at_rest_.back()));
            at_rest_.pop_back();
            return rested;
        }
    }
    std::unique_ptr<channel_pool, uncount> counted(this);
    auto made = server_channel::make(settings_);
    if (!made)
        return failure(made.error());
    return lease(*counted.release(), std::move(*made));
}

void channel_pool::uncount::operator()(channel_pool* pool) const noexcept {
    const std::lock_guard lock(pool->mutex_);
    --pool->leased_;
}

unsigned channel_pool::leased() const noexcept {
    const std::lock_guard lock(mutex_);
    return leased_;
}

void channel_pool::give_back(std::unique_ptr<server_channel> channel) noexcept {
    channel->cancel();
    channel->clear();
    const std::lock_guard lock(mutex_);
    --leased_;
    if (at_rest_.size() < most_at_rest)
        at_rest_.push_back(std::move(channel));
}

}  // namespace spargio::dns::detail
