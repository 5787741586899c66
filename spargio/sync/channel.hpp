#pragma once

#include "spargio/sync/channel_state.hpp"

namespace spargio {

/// Sends into a bounded channel, from any shard or thread; copies send into the same one.
/// Thread: any, one at a time a copy; send() on a shard. It outlives each of its sends.
template <class T>
class channel_sender {
public:
    /// Yields when the item is in the channel, at once if there is room and nobody waits for it;
    /// those who wait get theirs in the order in which they came.
    /// Errors, with the item: errc::closed; std::errc::operation_canceled.
    [[nodiscard]] auto send(T item) noexcept {
        return detail::line_operation(detail::send_operation<T>(*state_, std::move(item)));
    }
    /// Sends without waiting. Errors, with the item: errc::closed;
    /// std::errc::resource_unavailable_try_again when it is full, or others wait.
    send_result<T> try_send(T item) noexcept {
        switch (state_->push(item, false)) {
        case detail::passage::done:
            return {};
        case detail::passage::closed:
            return refused(make_error_code(errc::closed), item);
        case detail::passage::must_wait:
            break;
        }
        return refused(make_error_code(std::errc::resource_unavailable_try_again), item);
    }
    /// Ends the channel: nothing can be sent into it any more, by anybody. What is in it can still
    /// be received.
    void close() noexcept { state_->close(); }
    /// No send can succeed any more.
    [[nodiscard]] bool is_closed() const noexcept { return state_->closed(); }
    /// As far as can be seen from here.
    [[nodiscard]] std::uint64_t size() const noexcept { return state_->size(); }
    [[nodiscard]] std::uint64_t capacity() const noexcept { return state_->capacity(); }

    /// Internal: use mpmc_channel() or mpsc_channel().
    explicit channel_sender(std::shared_ptr<detail::channel_state<T>> state) noexcept
        : state_(std::move(state)) {}

private:
    static std::unexpected<unsent<T>> refused(std::error_code code, T& item) noexcept {
        return std::unexpected(unsent<T>{code, std::move(item)});
    }

    detail::channel_handle<detail::channel_state<T>, detail::sender_side> state_;
};

/// Receives from a bounded channel, on any shard or thread; copies take from the same one.
/// Thread: any, one at a time a copy; recv() on a shard. It outlives each of its receives.
template <class T>
class channel_receiver {
public:
    /// Yields the oldest item; those who wait get theirs in the order in which they came.
    /// Errors: errc::closed when nothing is left and nothing can come;
    /// std::errc::operation_canceled, then nothing was taken.
    [[nodiscard]] auto recv() noexcept {
        return detail::line_operation(detail::receive_operation<T>(*state_));
    }
    /// Receives without waiting. Errors: errc::closed;
    /// std::errc::resource_unavailable_try_again when it is empty, or others wait.
    result<T> try_recv() noexcept {
        std::optional<T> item;
        switch (state_->pop(item, false)) {
        case detail::passage::done:
            return std::move(*item);
        case detail::passage::closed:
            return failure(make_error_code(errc::closed));
        case detail::passage::must_wait:
            break;
        }
        return failure(EAGAIN);
    }
    /// Nothing more can be sent; what is in the channel can still be received.
    void close() noexcept { state_->close(); }
    [[nodiscard]] bool is_closed() const noexcept { return state_->closed(); }
    /// As far as can be seen from here.
    [[nodiscard]] std::uint64_t size() const noexcept { return state_->size(); }
    [[nodiscard]] std::uint64_t capacity() const noexcept { return state_->capacity(); }

    /// Internal: use mpmc_channel().
    explicit channel_receiver(std::shared_ptr<detail::channel_state<T>> state) noexcept
        : state_(std::move(state)) {}

private:
    detail::channel_handle<detail::channel_state<T>, detail::receiver_side> state_;
};

/// The one receiver of a channel: a channel_receiver that cannot be copied.
template <class T>
class single_receiver : channel_receiver<T> {
    using base = channel_receiver<T>;

public:
    using base::base;
    single_receiver(single_receiver&&) noexcept = default;
    single_receiver& operator=(single_receiver&&) noexcept = default;

    using base::capacity;
    using base::close;
    using base::is_closed;
    using base::recv;
    using base::size;
    using base::try_recv;
};

/// Makes a channel that any number of tasks and threads send into and receive from; each item is
/// received once, and those of one sender reach a receiver in their order.
///
///     auto [orders, incoming] = mpmc_channel<order>(1024);
///     ...  auto sent = co_await orders.send(std::move(next));
///     ...  while (auto got = co_await incoming.recv()) handle(*got);
///
/// When all senders are gone, receivers get what is left, then errc::closed; when all receivers
/// are, what is left is dropped, and a send gives its item back. Limit: `capacity` items, rounded
/// up to a power of two; past it send() waits. Who waits looks for up to a few microseconds before
/// it is suspended, where that has paid and shards may spin (runtime_builder::spin_us). T is moved
/// and must not throw in that. Memory: the slots, once; nothing an item. \pre capacity != 0 \throws
/// std::bad_alloc
template <class T>
[[nodiscard]] std::pair<channel_sender<T>, channel_receiver<T>>
mpmc_channel(std::uint64_t capacity) {
    SPARGIO_ASSERT(capacity != 0);
    auto state = std::make_shared<detail::channel_state<T>>(capacity);
    return {channel_sender<T>(state), channel_receiver<T>(state)};
}

/// The same with one receiver, which sees the items of each sender in their order.
template <class T>
[[nodiscard]] std::pair<channel_sender<T>, single_receiver<T>>
mpsc_channel(std::uint64_t capacity) {
    SPARGIO_ASSERT(capacity != 0);
    auto state = std::make_shared<detail::channel_state<T>>(capacity);
    return {channel_sender<T>(state), single_receiver<T>(state)};
}

}  // namespace spargio
