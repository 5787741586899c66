#pragma once

#include <algorithm>
#include <cstdint>

namespace spargio::detail {

/// Whether trying without the ring pays for one descriptor and direction. Every attempt that would
/// have waited doubles the number of operations that go straight to the ring, up to 255.
/// Those are expected to wait there, too, but for the first few after an attempt that did not.
/// Thread: that of the task that uses the descriptor.
class attempt_history {
public:
    [[nodiscard]] bool worth_trying() noexcept {
        if (skip_ == 0)
            return true;
        --skip_;
        return false;
    }
    /// Of one that goes to the ring.
    [[nodiscard]] bool likely_to_wait() noexcept {
        if (trusted_ == 0)
            return true;
        --trusted_;
        return false;
    }
    void succeeded() noexcept {
        penalty_ = 0;
        trusted_ = trusted_after_success;
    }
    void would_have_waited() noexcept {
        penalty_ = static_cast<std::uint8_t>(std::min(2 * penalty_ + 1, 255));
        skip_ = penalty_;
        trusted_ = 0;
    }

private:
    static constexpr std::uint8_t trusted_after_success = 8;

    std::uint8_t penalty_ = 0;
    std::uint8_t skip_ = 0;
    std::uint8_t trusted_ = 0;  // how many more are expected not to wait
};

}  // namespace spargio::detail
