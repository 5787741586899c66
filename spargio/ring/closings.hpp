#pragma once

#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// How often each descriptor number was closed, so that a request that waits for room in a ring
/// does not meet whoever has its number by then.
/// Thread: any. Limit: numbers below `most`; those above are not counted. What is never closed is
/// never touched, and takes no memory.
class closings {
public:
    static constexpr int most = 1 << 21;  // twice what the kernel lets a process have by itself

    /// Before `number` is closed.
    static void count(int number) noexcept {
        if (is_counted(number))
            count_of(number).fetch_add(1, std::memory_order_acq_rel);
    }
    [[nodiscard]] static std::uint32_t of(int number) noexcept {
        return is_counted(number) ? count_of(number).load(std::memory_order_acquire) : 0;
    }

private:
    static bool is_counted(int number) noexcept { return number >= 0 && number < most; }

    static std::atomic_ref<std::uint32_t> count_of(int number) noexcept {
        return std::atomic_ref(counts_[static_cast<unsigned>(number)]);
    }

    // Plain numbers: what had to be constructed would be touched.
    static std::uint32_t counts_[most];
};

}  // namespace spargio::detail
