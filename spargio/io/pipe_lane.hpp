#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/shard/stoppable_wait.hpp"

namespace spargio::detail {

class lane_wait;

/// One direction of a pipe in memory: bytes that were written and not yet read, and who waits for
/// some, or for room.
/// Thread: any; a mutex guards it. Limit: `capacity` bytes, past which writers wait; one waits at
/// each end (asserted).
class pipe_lane {
public:
    /// \pre capacity > 0
    explicit pipe_lane(std::size_t capacity) : bytes_(capacity) { SPARGIO_ASSERT(capacity > 0); }

    /// Nothing is written any more: readers get what is there, then the end.
    void end_writing() noexcept;
    /// Nothing is read any more: what is there is dropped, and writing fails.
    void end_reading() noexcept;

private:
    friend class lane_wait;

    struct served {
        lane_wait* reader = nullptr;
        lane_wait* writer = nullptr;
    };

    /// \return whether it is over already; if not, it is queued when it is.
    [[nodiscard]] bool begin(lane_wait& wait) noexcept;
    /// \return whether it waited.
    [[nodiscard]] bool leave(const lane_wait& wait) noexcept;

    served serve() noexcept;
    static void tell(const served& done) noexcept;
    [[nodiscard]] bool serve_reader() noexcept;
    [[nodiscard]] bool serve_writer() noexcept;

    std::mutex mutex_;
    std::vector<std::byte> bytes_;  // a ring
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    bool writing_ended_ = false;
    bool reading_ended_ = false;
    lane_wait* reader_ = nullptr;
    lane_wait* writer_ = nullptr;
};

/// Reads some bytes of a lane, or writes some, once there are any, or room.
class [[nodiscard]] lane_wait final : stoppable_wait {
public:
    lane_wait(pipe_lane& lane, std::span<std::byte> into) noexcept
        : lane_(lane), into_(into), reads_(true) {
        SPARGIO_ASSERT(!into.empty());
    }
    lane_wait(pipe_lane& lane, std::span<const std::byte> from) noexcept
        : lane_(lane), from_(from), reads_(false) {
        SPARGIO_ASSERT(!from.empty());
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<std::size_t> await_resume() const noexcept { return answer_; }

private:
    friend class pipe_lane;

    [[nodiscard]] bool start(promise_base& waiter) noexcept;
    bool on_stop() noexcept override;

    pipe_lane& lane_;
    std::span<std::byte> into_;
    std::span<const std::byte> from_;
    const bool reads_;
    result<std::size_t> answer_ = 0;
};

}  // namespace spargio::detail
