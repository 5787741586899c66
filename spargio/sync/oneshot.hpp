#pragma once

#include "spargio/sync/channel.hpp"

namespace spargio {

/// Sends one item, at once, from any shard or thread. Dropped without: the receiver is told so.
/// Thread: any, one at a time.
template <class T>
class oneshot_sender {
public:
    explicit oneshot_sender(channel_sender<T> to) noexcept : to_(std::move(to)) {}
    oneshot_sender(oneshot_sender&&) noexcept = default;
    oneshot_sender& operator=(oneshot_sender&&) noexcept = default;

    /// Error, with the item: errc::closed when the receiver is gone. \pre nothing was sent
    send_result<T> send(T item) noexcept {
        auto spent = std::move(to_);
        return spent.try_send(std::move(item));
    }
    /// Whether the receiver is gone: nobody needs the item any more. \pre nothing was sent
    [[nodiscard]] bool is_closed() const noexcept { return to_.is_closed(); }

private:
    channel_sender<T> to_;
};

/// Receives the one item.
/// Thread: any, one at a time; recv() on a shard.
template <class T>
class oneshot_receiver : single_receiver<T> {
    using base = single_receiver<T>;

public:
    explicit oneshot_receiver(base from) noexcept : base(std::move(from)) {}

    /// recv() and try_recv() answer errc::closed when the sender is gone without having sent, or
    /// the item was received; otherwise as those of channel_receiver.
    using base::recv;
    using base::try_recv;
    /// Nothing can be sent any more.
    using base::close;
};

/// Makes a channel for one item: an answer, mostly.
///
///     auto [answer, answered] = oneshot_channel<int>();
///     ...  (void)answer.send(42);
///     const auto got = co_await answered.recv();
///
/// \throws std::bad_alloc
template <class T>
[[nodiscard]] std::pair<oneshot_sender<T>, oneshot_receiver<T>> oneshot_channel() {
    auto [to, from] = mpsc_channel<T>(1);
    return {oneshot_sender<T>(std::move(to)), oneshot_receiver<T>(std::move(from))};
}

}  // namespace spargio
