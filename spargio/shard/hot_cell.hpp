#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>

namespace spargio::detail {

/// What was added to one count, and how much of that was taken: two totals that wrap around, of
/// which the difference is what is there. It fits into 64 bits: an addition that would make it
/// larger is refused, so nothing is lost. Model-checked in tests/model/hot_count.pml.
/// Thread: one adds with add(), or any with add_shared(); the holder of the service claim takes.
class hot_cell {
public:
    static constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

    /// For who alone adds here. False: no room for so much.
    [[nodiscard]] bool add(std::uint64_t value) noexcept {
        const std::uint64_t before = added_.load(std::memory_order_relaxed);
        if (value > most - (before - taken_seen_)) [[unlikely]] {
            taken_seen_ = taken_.load(std::memory_order_acquire);
            if (value > most - (before - taken_seen_))
                return false;
        }
        added_.store(before + value, std::memory_order_release);
        return true;
    }
    /// Sequentially consistent, as sleep_gate asks of a source.
    [[nodiscard]] bool add_shared(std::uint64_t value) noexcept {
        std::uint64_t before = added_.load(std::memory_order_relaxed);
        for (;;) {
            // Not before `before`: what was taken must not be older than what was added. It may be
            // newer; then `before` is stale, and the difference says nothing.
            if (value > most - (before - taken_.load(std::memory_order_seq_cst))) [[unlikely]] {
                const std::uint64_t newest = added_.load(std::memory_order_seq_cst);
                if (newest == before)
                    return false;
                before = newest;
                continue;
            }
            if (added_.compare_exchange_weak(before, before + value, std::memory_order_seq_cst,
                                             std::memory_order_relaxed))
                return true;
        }
    }
    /// Sequentially consistent, as sleep_gate asks of a sleeper's look. Thread: the taker's.
    [[nodiscard]] std::uint64_t there() const noexcept {
        return added_.load(std::memory_order_seq_cst) - taken_.load(std::memory_order_relaxed);
    }
    /// \return what there is, but at most `limit`.
    std::uint64_t take(std::uint64_t limit) noexcept {
        const std::uint64_t amount = std::min(there(), limit);
        taken_.store(taken_.load(std::memory_order_relaxed) + amount, std::memory_order_release);
        return amount;
    }

private:
    alignas(64) std::atomic<std::uint64_t> added_ = 0;
    std::uint64_t taken_seen_ = 0;  // by add()
    alignas(64) std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace spargio::detail
