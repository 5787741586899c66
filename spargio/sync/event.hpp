#pragma once

#include "spargio/sync/line_operation.hpp"
#include "spargio/sync/plain_operation.hpp"

namespace spargio {

namespace detail {
/// Waits for something that, once it is so, is so for everybody: nothing is set aside.
template <class Source>
class arrival_operation : public plain_operation {
public:
    explicit arrival_operation(Source& source) noexcept : source_(&source) {}

    [[nodiscard]] bool take() const noexcept { return source_->arrived(); }
    void line_up(line_wait& wait) noexcept { source_->line_up(node_, wait); }
    bool leave() noexcept {
        source_->leave(node_);
        return false;
    }

private:
    Source* source_;
};

/// A flag, and those who wait for it to be set.
/// Thread: any. Whoever saw it set may destroy it, once no wait of others is under way: who set it
/// does not come back to it.
class flag_line {
public:
    explicit flag_line(bool is_set) noexcept;

    [[nodiscard]] bool arrived() const noexcept { return line_.is_open(); }
    /// Calls all who wait.
    void set() noexcept;
    void reset() noexcept;
    void line_up(line_node& node, line_wait& wait) noexcept;
    void leave(line_node& node) noexcept;

private:
    wait_line line_;
    bool set_;  // under the line's lock
};
}  // namespace detail

/// Set or not set; who waits goes on while it is set. It stays set until it is reset.
///
///     co_await ready.wait();
///
/// Thread: any; wait() on a shard. It outlives every wait. No allocation.
class event {
public:
    explicit event(bool is_set = false) noexcept : flag_(is_set) {}

    /// Lets everybody go on who waits, and who comes. No effect when it is set.
    void set() noexcept { flag_.set(); }
    void reset() noexcept { flag_.reset(); }
    [[nodiscard]] bool is_set() const noexcept { return flag_.arrived(); }

    /// Yields once it is set, even if it was reset since then.
    /// Error: std::errc::operation_canceled.
    [[nodiscard]] auto wait() noexcept {
        return detail::line_operation(detail::arrival_operation<detail::flag_line>(flag_));
    }

private:
    detail::flag_line flag_;
};

}  // namespace spargio
