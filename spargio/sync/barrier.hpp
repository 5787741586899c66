#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>

#include "spargio/sync/line_operation.hpp"
#include "spargio/sync/plain_operation.hpp"

namespace spargio {

namespace detail {
class barrier_line {
public:
    barrier_line(std::uint64_t expected, std::function<void()> completion)
        : completion_(std::move(completion)), expected_(expected), left_(expected) {
        SPARGIO_ASSERT(expected != 0);
    }

    void arrive(line_node& node, line_wait& wait);
    void drop();
    /// \return whether the phase ended nevertheless.
    [[nodiscard]] bool take_back(line_node& node) noexcept;

private:
    void complete(called_waits& called, std::unique_lock<wait_line>& guard);

    wait_line line_;
    const std::function<void()> completion_;
    std::uint64_t expected_;  // a phase
    std::uint64_t left_;      // of this phase; 0: it is being completed
    bool completing_ = false;
};

class barrier_operation : public plain_operation {
public:
    explicit barrier_operation(barrier_line& line) noexcept : line_(&line) {}

    static bool take() noexcept { return false; }
    void line_up(line_wait& wait) { line_->arrive(node_, wait); }
    bool leave() noexcept { return line_->take_back(node_); }

private:
    barrier_line* line_;
};
}  // namespace detail

/// Tasks that work in phases and wait for each other at the end of each. The last to arrive runs
/// the completion, if there is one, before anybody goes on; then the next phase begins.
///
///     barrier round(workers, [&] { swap(now, next); });
///     ...each: compute(); co_await round.arrive_and_wait();
///
/// Thread: any; arrive_and_wait() on a shard. It outlives every wait. The completion must not throw
/// and runs where the last one arrived; it should be short, since a task that was asked to stop as
/// its phase ended blocks its shard until it is over. No allocation but the completion's.
class barrier {
public:
    /// \pre expected != 0
    explicit barrier(std::uint64_t expected, std::function<void()> completion = {})
        : line_(expected, std::move(completion)) {}

    /// Yields when all have arrived. Error: std::errc::operation_canceled; then the arrival was
    /// taken back and the others wait for another. A phase that ended counts, cancelled or not.
    [[nodiscard]] auto arrive_and_wait() noexcept {
        return detail::line_operation(detail::barrier_operation(line_));
    }
    /// Arrives, without waiting, for this phase and all that come: one fewer is expected from now.
    void arrive_and_drop() { line_.drop(); }

private:
    detail::barrier_line line_;
};

}  // namespace spargio
