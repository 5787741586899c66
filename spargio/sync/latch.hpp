#pragma once

#include <atomic>
#include <cstdint>

#include "spargio/sync/event.hpp"

namespace spargio {

/// Counts down once; who waits goes on when it has come to zero.
///
///     latch loaded(files.size());
///     ...each: loaded.count_down();
///     co_await loaded.wait();
///
/// Thread: any; wait() on a shard. Whoever has waited may destroy it, once no wait of others is
/// under way. No allocation.
class latch {
public:
    explicit latch(std::uint64_t count) noexcept : left_(count), done_(count == 0) {}

    /// \pre by <= what is left
    void count_down(std::uint64_t by = 1) noexcept {
        const std::uint64_t before = left_.fetch_sub(by, std::memory_order_acq_rel);
        SPARGIO_ASSERT(before >= by);
        // What waiters look at is the flag: behind zero this may be the only one still here.
        if (before == by && by != 0)
            done_.set();
    }
    /// Whether it has come to zero.
    [[nodiscard]] bool try_wait() const noexcept { return done_.arrived(); }
    /// Yields when it has. Error: std::errc::operation_canceled.
    [[nodiscard]] auto wait() noexcept {
        return detail::line_operation(detail::arrival_operation<detail::flag_line>(done_));
    }
    /// Counts down by one and waits, as wait() does. A cancelled wait has counted all the same.
    [[nodiscard]] auto arrive_and_wait() noexcept {
        count_down();
        return wait();
    }

private:
    std::atomic<std::uint64_t> left_;
    detail::flag_line done_;
};

}  // namespace spargio
