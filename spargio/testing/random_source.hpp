#pragma once

#include <cstdint>

namespace spargio::testing {

/// SPARGIO_SEED if set, else a new one for each process; printed once on standard error, so that a
/// failure can be repeated.
[[nodiscard]] std::uint64_t process_seed();

/// Pseudo-random numbers that depend on the seed alone (SplitMix64). Thread: one at a time.
class random_source {
public:
    explicit constexpr random_source(std::uint64_t seed) noexcept : state_(seed) {}

    [[nodiscard]] constexpr std::uint64_t next() noexcept {
        std::uint64_t value = state_ += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
    /// From 0 to `bound` - 1; 0 for a bound of 0.
    [[nodiscard]] constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        return bound == 0 ? 0 : next() % bound;
    }
    /// True in `percent` of a hundred cases.
    [[nodiscard]] constexpr bool chance(unsigned percent) noexcept { return below(100) < percent; }

private:
    std::uint64_t state_;
};

}  // namespace spargio::testing
