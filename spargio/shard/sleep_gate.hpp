#pragma once

#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// The sleep announcement: a source rings only a sleeper's bell, and only one source does.
///
///   sleeper: announce(); look once more at everything; sleep in the kernel; woke_up()
///   source:  publish its item with a sequentially consistent write; if (must_ring()) ring
///
/// Either the source sees the announcement, or the sleeper's second look sees the item. A bell rung
/// before the sleeper reaches the kernel waits there for it. Model-checked in
/// tests/model/sleep_gate.pml.
/// Thread: the owner announces and wakes; any thread asks.
class sleep_gate {
public:
    void announce() noexcept { state_.store(asleep, std::memory_order_seq_cst); }
    /// Reads as well as it writes: what a ringer did before it rang is seen from here on.
    /// Sequentially consistent, as a watcher of those who are awake asks.
    void woke_up() noexcept { state_.exchange(awake, std::memory_order_seq_cst); }

    [[nodiscard]] bool announced() const noexcept {
        return state_.load(std::memory_order_seq_cst) == asleep;
    }
    /// Neither announced nor told to anybody: no bell is wanted, nor on its way. As announced().
    [[nodiscard]] bool is_awake() const noexcept {
        return state_.load(std::memory_order_seq_cst) == awake;
    }
    /// Somebody was told to ring, and the sleeper has not woken up yet.
    [[nodiscard]] bool still_rung() const noexcept {
        return state_.load(std::memory_order_acquire) == rung;
    }
    /// True for exactly one caller of an announced sleep.
    [[nodiscard]] bool must_ring() noexcept {
        std::uint32_t seen = state_.load(std::memory_order_seq_cst);
        return seen == asleep &&
               state_.compare_exchange_strong(seen, rung, std::memory_order_acq_rel);
    }

private:
    static constexpr std::uint32_t awake = 0;
    static constexpr std::uint32_t asleep = 1;
    static constexpr std::uint32_t rung = 2;

    alignas(64) std::atomic<std::uint32_t> state_ = awake;
};

}  // namespace spargio::detail
