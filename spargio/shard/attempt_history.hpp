#pragma once

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
        failures_ = 0;
        trusted_ = trusted_after_success;
    }
    void would_have_waited() noexcept {
        if (failures_ != 8)
            ++failures_;
        skip_ = static_cast<std::uint8_t>((1u << failures_) - 1);
        trusted_ = 0;
    }

private:
    static constexpr std::uint8_t trusted_after_success = 8;

    // Two bytes: every stream has two of these.
    std::uint8_t failures_ : 4 = 0;  // in a row, 8 at most
    std::uint8_t trusted_ : 4 = 0;   // how many more are expected not to wait
    std::uint8_t skip_ = 0;
};

}  // namespace spargio::detail
