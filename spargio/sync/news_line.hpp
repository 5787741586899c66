#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "spargio/core/result.hpp"
#include "spargio/sync/channel_handle.hpp"
#include "spargio/sync/line_operation.hpp"

namespace spargio::detail {

/// Counts what was published to everybody, and calls those who have seen it all.
/// Thread: any.
class news_line {
public:
    [[nodiscard]] std::uint64_t published() const noexcept {
        return published_.load(std::memory_order_acquire);
    }
    [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    /// Whether one who has seen `seen` of it need not wait.
    [[nodiscard]] bool news_for(std::uint64_t seen) const noexcept {
        return published() != seen || closed();
    }
    /// Counts one more and claims everybody who waits, in one: who lines up in between would be
    /// called for what it has seen. By one at a time, once it can be read.
    void publish(called_waits& called) noexcept;
    void close() noexcept;
    void line_up(line_node& node, line_wait& wait, std::uint64_t seen) noexcept;
    void leave(line_node& node) noexcept;

private:
    wait_line line_;
    std::atomic<std::uint64_t> published_ = 0;
    std::atomic<bool> closed_ = false;
};

/// Waits until there is something that the receiver has not seen, and then reads it: nothing is set
/// aside for it meanwhile. State: read(seen) yields it, or nothing when there will be no more.
template <class State>
class news_operation {
public:
    news_operation(State& state, std::uint64_t& seen) noexcept : state_(&state), seen_(&seen) {}

    [[nodiscard]] bool take() const noexcept { return state_->news.news_for(*seen_); }
    void line_up(line_wait& wait) noexcept { state_->news.line_up(node_, wait, *seen_); }
    void collect() noexcept { node_.promised = false; }
    bool leave() noexcept {
        state_->news.leave(node_);
        return false;
    }
    [[nodiscard]] bool promised() const noexcept { return node_.promised; }
    auto finish(bool done) -> result<typename State::item> {
        if (!done)
            return failure(ECANCELED);
        auto read = state_->read(*seen_);
        if (!read.has_value())
            return failure(make_error_code(errc::closed));
        return std::move(*read);
    }

private:
    State* state_;
    std::uint64_t* seen_;
    line_node node_;
};

}  // namespace spargio::detail
