#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "spargio/io/pipe_lane.hpp"
#include "spargio/io/stream.hpp"

namespace spargio {

class duplex_end;

/// A connection in memory, for tests and between tasks: two ends, and what one writes the other
/// reads, over shards too. Each direction holds `capacity` bytes; past it writers wait.
/// \pre capacity > 0
[[nodiscard]] std::pair<duplex_end, duplex_end> duplex_pipe(std::size_t capacity);

/// One end of a duplex pipe. It closes both directions when it is destroyed; no operation may be
/// under way then.
/// Thread: one at a time reads, one writes, on any shard; at once, if need be.
class duplex_end {
public:
    duplex_end(duplex_end&&) noexcept = default;
    duplex_end& operator=(duplex_end&& other) noexcept;
    ~duplex_end() { close(); }

    /// Reads at least one byte into `buffer`, or 0 at the end of the stream: when the other end
    /// will write no more, or this one is to read no more.
    /// \return bytes read; error: std::errc::operation_canceled (nothing was read).
    /// \pre `buffer` is not empty and outlives the await
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) noexcept {
        return detail::lane_wait(state_->lanes[1 - side_], buffer);
    }
    /// Writes some of `buffer`, at least one byte.
    /// \return bytes written; errors: std::errc::broken_pipe when the other end will read no more
    /// or this one is to write no more, operation_canceled (nothing was written).
    /// \pre `buffer` is not empty and outlives the await
    [[nodiscard]] auto write_some(std::span<const std::byte> buffer) noexcept {
        return detail::lane_wait(state_->lanes[side_], buffer);
    }

    /// Ends one or both directions, there and then; whoever waits there is told. Bytes that were
    /// written can still be read.
    auto shutdown(shutdown_how how) noexcept {
        end(how);
        return done();
    }

private:
    friend std::pair<duplex_end, duplex_end> duplex_pipe(std::size_t capacity);

    struct state {
        explicit state(std::size_t capacity)
            : lanes{detail::pipe_lane(capacity), detail::pipe_lane(capacity)} {}
        detail::pipe_lane lanes[2];  // the one each side writes to
    };
    /// To be awaited where an operation of another stream would be.
    struct done {
        [[nodiscard]] bool await_ready() const noexcept { return true; }
        void await_suspend(std::coroutine_handle<> /*unused*/) const noexcept {}
        [[nodiscard]] result<void> await_resume() const noexcept { return {}; }
    };

    duplex_end(std::shared_ptr<state> shared, unsigned side) noexcept
        : state_(std::move(shared)), side_(side) {}

    void end(shutdown_how how) noexcept;
    void close() noexcept;

    std::shared_ptr<state> state_;  // null after a move
    unsigned side_;
};

}  // namespace spargio
