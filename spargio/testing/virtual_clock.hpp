#pragma once

#include <atomic>
#include <cstdint>

namespace spargio::testing {

/// Time that passes only when told to. Thread: any.
class virtual_clock {
public:
    [[nodiscard]] std::uint64_t now_ns() const noexcept {
        return now_.load(std::memory_order_acquire);
    }
    void advance(std::uint64_t by_ns) noexcept { now_.fetch_add(by_ns, std::memory_order_acq_rel); }
    /// Never backwards: an earlier time changes nothing.
    void advance_to(std::uint64_t time_ns) noexcept {
        std::uint64_t now = now_ns();
        while (now < time_ns && !now_.compare_exchange_weak(now, time_ns)) {
        }
    }

private:
    // Not zero: code that takes zero for "no time" has to show itself.
    std::atomic<std::uint64_t> now_ = 1'000'000'000;
};

}  // namespace spargio::testing
