#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

/// How many handles are left at either end of a channel.
struct channel_ends {
    std::atomic<std::uint32_t> senders_left = 0;
    std::atomic<std::uint32_t> receivers_left = 0;
};

struct sender_side {
    static std::atomic<std::uint32_t>& left(channel_ends& ends) noexcept {
        return ends.senders_left;
    }
    template <class State>
    static void gone(State& state) noexcept {
        state.senders_gone();
    }
};

struct receiver_side {
    static std::atomic<std::uint32_t>& left(channel_ends& ends) noexcept {
        return ends.receivers_left;
    }
    template <class State>
    static void gone(State& state) noexcept {
        state.receivers_gone();
    }
};

/// Keeps a channel's state alive, counted at one end: the last to go says so.
template <class State, class Side>
class channel_handle {
public:
    explicit channel_handle(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {
        enter();
    }
    channel_handle(const channel_handle& other) noexcept : state_(other.state_) { enter(); }
    channel_handle(channel_handle&& other) noexcept = default;
    channel_handle& operator=(channel_handle other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~channel_handle() {
        if (state_ != nullptr && Side::left(*state_).fetch_sub(1, std::memory_order_acq_rel) == 1)
            Side::gone(*state_);
    }

    [[nodiscard]] State& operator*() const noexcept {
        SPARGIO_ASSERT(state_ != nullptr && "this end of the channel was moved from");
        return *state_;
    }
    [[nodiscard]] State* operator->() const noexcept { return &**this; }
    [[nodiscard]] const std::shared_ptr<State>& share() const noexcept { return state_; }

private:
    void enter() noexcept {
        if (state_ != nullptr)
            Side::left(*state_).fetch_add(1, std::memory_order_relaxed);
    }

    std::shared_ptr<State> state_;
};

}  // namespace spargio::detail
