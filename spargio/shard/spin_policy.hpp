#pragma once

#include <algorithm>
#include <cstdint>

namespace spargio::detail {

/// How long to look at memory before sleeping in the kernel. Waking a halted CPU costs tens of
/// microseconds, so a wait that ends within the spin is won; one that ends later has only burnt
/// CPU.
///
/// A spin in vain ends spinning; a sleep so short that a spin might have caught it starts it again.
/// Each such trial that fails doubles the number of sleeps before the next, up to 1,023, so that
/// waits that always end a little too late cost next to nothing.
/// Thread: the owner.
class spin_policy {
public:
    /// What a sleep costs beside the wait itself, at most: a sleep seen to last up to
    /// `most_ns + wake_cost_ns` may have been short enough to spin through.
    static constexpr std::uint64_t wake_cost_ns = 100'000;
    static constexpr unsigned most_sleeps_before_trial = 1023;

    explicit spin_policy(std::uint64_t most_ns) noexcept : most_ns_(most_ns), budget_ns_(most_ns) {}

    [[nodiscard]] std::uint64_t budget_ns() const noexcept { return budget_ns_; }

    /// Something came while spinning.
    void paid() noexcept { patience_ = 0; }

    /// Another thread wants this CPU. What a spin could win here it loses there, and it is owed for
    /// afterwards: who has spun waits for its turn when there is work. So this counts as many
    /// trials that failed.
    void displaced() noexcept {
        budget_ns_ = 0;
        patience_ = most_sleeps_before_trial;
        sleeps_before_trial_ = patience_;
    }

    /// The thread slept; the whole wait, with the spin before it, took `waited_ns`.
    void slept(std::uint64_t waited_ns) noexcept {
        if (budget_ns_ != 0) {
            budget_ns_ = 0;
            sleeps_before_trial_ = patience_;
            patience_ = std::min(2 * patience_ + 1, most_sleeps_before_trial);
        } else if (waited_ns <= most_ns_ + wake_cost_ns) {
            if (sleeps_before_trial_ != 0) {
                --sleeps_before_trial_;
            } else {
                budget_ns_ = most_ns_;
            }
        }
    }

private:
    const std::uint64_t most_ns_;
    std::uint64_t budget_ns_;
    unsigned patience_ = 0;
    unsigned sleeps_before_trial_ = 0;
};

}  // namespace spargio::detail
