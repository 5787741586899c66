#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// Whether it is worth looking for a little longer before one stands in line.
///
/// To stand in line and to be called costs both sides a microsecond, so what comes within one is
/// better waited for. Where it mostly does not come, looks only cost: each in vain doubles the
/// number of times it is not even tried, up to 1,023, and takes many that paid to be made up for. A
/// fresh channel is not looked at for the first few times, since most have no more.
/// Thread: any; what races is lost, and makes the next decision a little worse.
class lookout {
public:
    static constexpr std::uint16_t first_passed_up = 15;
    static constexpr std::uint16_t most_passed_up = 1023;

    /// Counts.
    [[nodiscard]] bool worth_it() noexcept {
        const std::uint16_t left = to_pass_up_.load(relaxed);
        if (left == 0)
            return true;
        to_pass_up_.store(left - 1, relaxed);
        return false;
    }
    void paid() noexcept {
        const std::uint16_t now = caution_.load(relaxed);
        caution_.store(now - now / 8, relaxed);
    }
    void in_vain() noexcept {
        const unsigned now = 2u * caution_.load(relaxed) + first_passed_up;
        const auto more = static_cast<std::uint16_t>(std::min<unsigned>(now, most_passed_up));
        caution_.store(more, relaxed);
        to_pass_up_.store(more, relaxed);
    }

private:
    static constexpr auto relaxed = std::memory_order_relaxed;

    std::atomic<std::uint16_t> to_pass_up_ = first_passed_up;
    std::atomic<std::uint16_t> caution_ = first_passed_up;
};

}  // namespace spargio::detail
