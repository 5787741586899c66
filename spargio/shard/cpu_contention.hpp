#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "spargio/ring/cpu_times.hpp"

namespace spargio::detail {

/// Whether others want the CPU of a shard: by what it waited for it while it stole.
///
/// A thief that has to wait for its CPU does stolen work later than the victim would have, and
/// whoever else wants that CPU waits for the thief. So once a quarter of the time it wanted to run
/// was waiting it is to leave small things where they are, for 4 ms, and twice as long each time it
/// has tried since and found the same, up to 128 ms. A trial is 1 ms of such time, not interrupted
/// by 8 ms without a look: what was before says nothing about now.
/// Thread: the owner; any for wanted().
class cpu_contention {
public:
    /// Whether it is time to look again; who has stolen nothing since learns nothing by it.
    [[nodiscard]] bool due(std::uint64_t now_ns, std::uint64_t thefts) const noexcept {
        return thefts != thefts_ && now_ns - looked_ns_ >= between_looks_ns && !wanted(now_ns);
    }

    /// \return whether others are found to want the CPU from now on.
    bool learn(std::uint64_t now_ns, std::uint64_t thefts, const cpu_times& seen) noexcept {
        const bool begins = now_ns - looked_ns_ > longest_gap_ns;
        looked_ns_ = now_ns;
        thefts_ = thefts;
        const std::uint64_t waited_ns = seen.waited_ns - trial_.waited_ns;
        const std::uint64_t active_ns = seen.ran_ns - trial_.ran_ns + waited_ns;
        if (!begins && active_ns < trial_ns)
            return false;
        trial_ = seen;
        return !begins && decide(now_ns, waited_ns * 4 >= active_ns);
    }
    /// What is over need not be compared with the clock any more.
    void forget(std::uint64_t now_ns) noexcept {
        if (may_be_wanted() && !wanted(now_ns))
            until_ns_.store(0, std::memory_order_relaxed);
    }

    [[nodiscard]] bool wanted(std::uint64_t now_ns) const noexcept {
        return now_ns < until_ns_.load(std::memory_order_relaxed);
    }
    /// Whether it was, and may be: who says no need not look at the clock.
    [[nodiscard]] bool may_be_wanted() const noexcept {
        return until_ns_.load(std::memory_order_relaxed) != 0;
    }

private:
    static constexpr std::uint64_t between_looks_ns = 500'000;
    static constexpr std::uint64_t longest_gap_ns = 8'000'000;
    static constexpr std::uint64_t trial_ns = 1'000'000;
    static constexpr std::uint64_t shortest_ns = 4'000'000;
    static constexpr std::uint64_t longest_ns = 128'000'000;

    bool decide(std::uint64_t now_ns, bool contended) noexcept {
        if (contended) {
            lasts_ns_ = std::clamp(2 * lasts_ns_, shortest_ns, longest_ns);
            until_ns_.store(now_ns + lasts_ns_, std::memory_order_relaxed);
        } else {
            lasts_ns_ /= 2;
        }
        return contended;
    }

    std::uint64_t looked_ns_ = 0;
    std::uint64_t thefts_ = 0;
    cpu_times trial_;  // when it began
    std::uint64_t lasts_ns_ = 0;
    std::atomic<std::uint64_t> until_ns_ = 0;
};

}  // namespace spargio::detail
