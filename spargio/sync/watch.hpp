#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "spargio/sync/channel_state.hpp"
#include "spargio/sync/news_line.hpp"

namespace spargio {

namespace detail {
/// The newest value. It is copied under a lock.
template <class T>
class watch_state : public channel_ends {
public:
    using item = T;

    explicit watch_state(T first) : value_(std::move(first)) {}

    template <class Change>
    void change(Change change_it) {
        called_waits called;
        const std::lock_guard guard(lock_);
        change_it(value_);
        news.publish(called);
    }
    std::optional<T> read(std::uint64_t& seen) {
        const std::lock_guard guard(lock_);
        const std::uint64_t newest = news.published();
        if (newest == seen)
            return std::nullopt;
        std::optional<T> copy(value_);
        seen = newest;
        return copy;
    }
    T current(std::uint64_t* seen) {
        const std::lock_guard guard(lock_);
        T copy(value_);
        if (seen != nullptr)
            *seen = news.published();
        return copy;
    }
    void senders_gone() noexcept { news.close(); }
    static void receivers_gone() noexcept {}

    news_line news;

private:
    std::mutex lock_;
    T value_;
};
}  // namespace detail

/// Sees the newest value of a watch channel; a copy has seen what this one has.
/// Thread: any, one at a time a copy; changed() on a shard. It outlives each of its waits.
template <class T>
class watch_receiver {
public:
    /// Yields a copy of the newest value once it is one that was not seen here; what was
    /// overwritten meanwhile is not seen by anybody. Errors: errc::closed when the newest was seen
    /// and the senders are gone; std::errc::operation_canceled, then nothing counts as seen.
    [[nodiscard]] auto changed() noexcept {
        return detail::line_operation(
            detail::news_operation<detail::watch_state<T>>(*state_, seen_));
    }
    /// Whether changed() would yield a value at once.
    [[nodiscard]] bool has_changed() const noexcept { return state_->news.published() != seen_; }
    /// A copy of the newest value, which is seen by that.
    [[nodiscard]] T get() { return state_->current(&seen_); }

    /// Internal: use watch_channel() and subscribe().
    explicit watch_receiver(std::shared_ptr<detail::watch_state<T>> state) noexcept
        : state_(std::move(state)), seen_(state_->news.published()) {}

private:
    detail::channel_handle<detail::watch_state<T>, detail::receiver_side> state_;
    std::uint64_t seen_;
};

/// Sets the value of a watch channel; never waits.
/// Thread: any, one at a time a copy.
template <class T>
class watch_sender {
public:
    /// Error, with the value: errc::closed when there is no receiver; then it was not set.
    send_result<T> send(T value) {
        if (state_->receivers_left.load(std::memory_order_acquire) == 0)
            return std::unexpected(unsent<T>{make_error_code(errc::closed), std::move(value)});
        // What it replaces ends outside of the lock.
        state_->change([&](T& current) { std::swap(current, value); });
        return {};
    }
    /// Changes the value in place, also when nobody watches. `change` runs under the lock and does
    /// not use this channel; what it throws passes on, and nobody is told of what it did before.
    template <std::invocable<T&> Change>
    void modify(Change change) {
        state_->change(std::move(change));
    }
    [[nodiscard]] T get() const { return state_->current(nullptr); }
    /// A receiver that has seen the value of now.
    [[nodiscard]] watch_receiver<T> subscribe() const noexcept {
        return watch_receiver<T>(state_.share());
    }

    /// Internal: use watch_channel().
    explicit watch_sender(std::shared_ptr<detail::watch_state<T>> state) noexcept
        : state_(std::move(state)) {}

private:
    detail::channel_handle<detail::watch_state<T>, detail::sender_side> state_;
};

/// Makes a channel that holds one value, of which receivers see the newest: a configuration, a
/// state.
///
///     auto [config, watched] = watch_channel(read_config());
///     while (auto now = co_await watched.changed()) apply(*now);
///
/// T is copied under a lock: share what is large. Memory: one value.
/// \throws std::bad_alloc; receiving throws what copying T throws
template <class T>
[[nodiscard]] std::pair<watch_sender<T>, watch_receiver<T>> watch_channel(T first) {
    auto state = std::make_shared<detail::watch_state<T>>(std::move(first));
    return {watch_sender<T>(state), watch_receiver<T>(state)};
}

}  // namespace spargio
