#pragma once

#include <cerrno>
#include <expected>
#include <optional>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/sync/channel_handle.hpp"
#include "spargio/sync/channel_ring.hpp"
#include "spargio/sync/line_operation.hpp"

namespace spargio {

/// An item that could not be sent, and why.
template <class T>
struct unsent {
    std::error_code code;
    T item;
};

/// Nothing, or the item back with the reason.
template <class T>
using send_result = std::expected<void, unsent<T>>;

namespace detail {

/// What both ends of a channel share.
template <class T>
struct channel_state : channel_ring<T>, channel_ends {
    using channel_ring<T>::channel_ring;

    void senders_gone() noexcept { this->close(); }
    void receivers_gone() noexcept {
        this->close();
        this->drop_items();
    }
};

/// Who passed has used his promise by that; who found the channel closed gives it up.
inline void keep_promise(channel_core::end& at, line_node& node, passage outcome) noexcept {
    if (outcome == passage::done) {
        node.promised = false;
    } else {
        at.leave(node);
    }
}

template <class T>
class send_operation {
public:
    send_operation(channel_state<T>& channel, T item) noexcept
        : channel_(&channel), item_(std::move(item)) {}

    bool take() noexcept {
        outcome_ = channel_->push(item_, false);
        return outcome_ != passage::must_wait;
    }
    bool take_soon() noexcept { return channel_->senders().look_out() && take(); }
    void line_up(line_wait& wait) noexcept { channel_->senders().line_up(node_, wait); }
    void collect() noexcept {
        outcome_ = channel_->push(item_, true);
        SPARGIO_ASSERT(outcome_ != passage::must_wait);
        keep_promise(channel_->senders(), node_, outcome_);
    }
    bool leave() noexcept {
        channel_->senders().leave(node_);
        return false;
    }
    [[nodiscard]] bool promised() const noexcept { return node_.promised; }
    send_result<T> finish(bool done) noexcept {
        if (!done)
            return refused(std::make_error_code(std::errc::operation_canceled));
        if (outcome_ == passage::closed)
            return refused(make_error_code(errc::closed));
        return {};
    }

private:
    std::unexpected<unsent<T>> refused(std::error_code code) noexcept {
        return std::unexpected(unsent<T>{code, std::move(item_)});
    }

    channel_state<T>* channel_;
    line_node node_;
    passage outcome_ = passage::must_wait;
    T item_;
};

template <class T>
class receive_operation {
public:
    explicit receive_operation(channel_state<T>& channel) noexcept : channel_(&channel) {}

    bool take() noexcept { return channel_->pop(item_, false) != passage::must_wait; }
    bool take_soon() noexcept { return channel_->receivers().look_out() && take(); }
    void line_up(line_wait& wait) noexcept { channel_->receivers().line_up(node_, wait); }
    void collect() noexcept {
        const passage outcome = channel_->pop(item_, true);
        SPARGIO_ASSERT(outcome != passage::must_wait);
        keep_promise(channel_->receivers(), node_, outcome);
    }
    bool leave() noexcept {
        channel_->receivers().leave(node_);
        return false;
    }
    [[nodiscard]] bool promised() const noexcept { return node_.promised; }
    result<T> finish(bool done) noexcept {
        if (!done)
            return failure(ECANCELED);
        if (!item_.has_value())
            return failure(make_error_code(errc::closed));
        return std::move(*item_);
    }

private:
    channel_state<T>* channel_;
    line_node node_;
    std::optional<T> item_;
};

}  // namespace detail
}  // namespace spargio
