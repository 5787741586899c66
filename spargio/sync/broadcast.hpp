#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "spargio/sync/channel_state.hpp"
#include "spargio/sync/news_line.hpp"

namespace spargio {

/// An item that was sent to everybody.
template <class T>
struct broadcast_item {
    T item;
    std::uint64_t missed;  ///< items right before it that went by before this receiver came
};

namespace detail {
/// The last `capacity` items. They are copied under a lock.
template <class T>
class broadcast_state : public channel_ends {
public:
    using item = broadcast_item<T>;

    explicit broadcast_state(std::uint64_t at_least)
        : capacity_(slots_for(at_least)), kept_(std::make_unique<std::optional<T>[]>(capacity_)) {}

    send_result<T> send(T sent) {
        if (receivers_left.load(std::memory_order_acquire) == 0)
            return std::unexpected(unsent<T>{make_error_code(errc::closed), std::move(sent)});
        std::optional<T> replaced(std::move(sent));
        called_waits called;
        const std::lock_guard guard(lock_);
        std::swap(kept_[news.published() & (capacity_ - 1)], replaced);
        news.publish(called);
        return {};
    }
    std::optional<item> read(std::uint64_t& seen) {
        const std::lock_guard guard(lock_);
        const std::uint64_t sent = news.published();
        if (seen == sent)
            return std::nullopt;
        const std::uint64_t oldest = sent > capacity_ ? sent - capacity_ : 0;
        const std::uint64_t at = seen < oldest ? oldest : seen;
        std::optional<item> read(item{*kept_[at & (capacity_ - 1)], at - seen});
        seen = at + 1;
        return read;
    }
    void senders_gone() noexcept { news.close(); }
    static void receivers_gone() noexcept {}

    news_line news;

private:
    const std::uint64_t capacity_;
    std::mutex lock_;
    const std::unique_ptr<std::optional<T>[]> kept_;
};
}  // namespace detail

/// Receives what is sent to everybody; a copy goes on from the same place by itself.
/// Thread: any, one at a time a copy; recv() on a shard. It outlives each of its receives.
template <class T>
class broadcast_receiver {
public:
    /// Yields a copy of the next item, and how many were missed before it because this receiver was
    /// more than `capacity` behind.
    /// Errors: errc::closed when everything was seen and the senders are gone;
    /// std::errc::operation_canceled, then the item is still to come.
    [[nodiscard]] auto recv() noexcept {
        return detail::line_operation(
            detail::news_operation<detail::broadcast_state<T>>(*state_, seen_));
    }
    /// The same without waiting; std::errc::resource_unavailable_try_again when there is nothing
    /// new.
    result<broadcast_item<T>> try_recv() {
        const bool closed = state_->news.closed();
        if (auto read = state_->read(seen_))
            return std::move(*read);
        if (closed)
            return failure(make_error_code(errc::closed));
        return failure(EAGAIN);
    }

    /// Internal: use broadcast_channel() and subscribe().
    explicit broadcast_receiver(std::shared_ptr<detail::broadcast_state<T>> state) noexcept
        : state_(std::move(state)), seen_(state_->news.published()) {}

private:
    detail::channel_handle<detail::broadcast_state<T>, detail::receiver_side> state_;
    std::uint64_t seen_;
};

/// Sends to every receiver there is; never waits.
/// Thread: any, one at a time a copy.
template <class T>
class broadcast_sender {
public:
    /// Error, with the item: errc::closed when there is no receiver.
    send_result<T> send(T item) { return state_->send(std::move(item)); }
    /// A receiver of what is sent from now on.
    [[nodiscard]] broadcast_receiver<T> subscribe() const noexcept {
        return broadcast_receiver<T>(state_.share());
    }

    /// Internal: use broadcast_channel().
    explicit broadcast_sender(std::shared_ptr<detail::broadcast_state<T>> state) noexcept
        : state_(std::move(state)) {}

private:
    detail::channel_handle<detail::broadcast_state<T>, detail::sender_side> state_;
};

/// Makes a channel whose items every receiver gets. It keeps the last `capacity` items, rounded up
/// to a power of two: who falls further behind misses some and is told how many. Nobody holds up a
/// sender.
///
///     auto [to, from] = broadcast_channel<std::shared_ptr<const price>>(256);
///     while (auto got = co_await from.recv()) show(got->item, got->missed);
///
/// T is copied under a lock: share what is large. Memory: the items kept. \pre capacity != 0
/// \throws std::bad_alloc; receiving throws what copying T throws
template <class T>
[[nodiscard]] std::pair<broadcast_sender<T>, broadcast_receiver<T>>
broadcast_channel(std::uint64_t capacity) {
    SPARGIO_ASSERT(capacity != 0);
    auto state = std::make_shared<detail::broadcast_state<T>>(capacity);
    return {broadcast_sender<T>(state), broadcast_receiver<T>(state)};
}

}  // namespace spargio
