#include "companions/dns/detail/address_queue.hpp"

#include "spargio/time/timeout.hpp"

namespace spargio::dns::detail {

void address_queue::found(int family, std::span<const ranked_address> addresses) {
    {
        const std::lock_guard lock(mutex_);
        line& its = family == AF_INET ? v4_ : v6_;
        its.addresses.assign(addresses.begin(), addresses.end());
        its.known = true;
        if (family == AF_INET)
            v4_came_ = now();
    }
    news_.notify_one();
}

void address_queue::finish(std::error_code why) noexcept {
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        why_ = why;
    }
    news_.notify_one();
}

address_queue::step address_queue::take() {
    const std::lock_guard lock(mutex_);
    if (!v4_.has_more() && !v6_.has_more())
        return {.over = finished_};
    if (!one_taken_ && !v6_.has_more() && !v6_.known && !finished_) {
        if (const auto until = spargio::detail::later(v4_came_, patience_); now() < until)
            return {.not_before = until};
    }
    if (!one_taken_ && v4_.has_more() && v6_.has_more())
        v4_is_next_ = v4_.rank() < v6_.rank();
    line& its = v4_.has_more() && (v4_is_next_ || !v6_.has_more()) ? v4_ : v6_;
    v4_is_next_ = &its == &v6_;
    one_taken_ = true;
    return {.address = its.addresses[its.taken++].address};
}

task<result<socket_address>> address_queue::next() {
    for (;;) {
        const step now_to = take();
        if (now_to.address)
            co_return *now_to.address;
        if (now_to.over)
            co_return failure(why_);
        result<void> told;
        if (now_to.not_before) {
            told = co_await timeout_at(*now_to.not_before, news_.wait());
        } else {
            told = co_await news_.wait();
        }
        if (!told && told.error() != std::errc::timed_out)
            co_return failure(told.error());
    }
}

}  // namespace spargio::dns::detail
