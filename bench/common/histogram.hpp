#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Log-linear histogram of nanoseconds: 32 buckets an octave, so a bucket is at most 3.2 % wide.
/// Values below 32 are exact. The layout is known to bench/tokio/src/histogram.rs and
/// bench/harness/stats.py as well: change all three or none.
/// Thread: one. Limit: 2^40 ns (18 minutes); longer values count in the last bucket.
class histogram {
public:
    static constexpr unsigned sub_bits = 5;
    static constexpr unsigned max_bits = 40;
    static constexpr std::size_t size = (max_bits - sub_bits + 1) << sub_bits;

    void record(std::uint64_t ns) { ++counts_[index(ns)]; }

    void clear() { counts_.fill(0); }

    [[nodiscard]] auto counts() const -> const std::array<std::uint32_t, size>& { return counts_; }

    static constexpr auto index(std::uint64_t ns) -> std::size_t {
        if (ns >> max_bits != 0)
            return size - 1;
        if (ns < (1U << sub_bits))
            return ns;
        const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - sub_bits - 1;
        return (std::size_t{shift} << sub_bits) + (ns >> shift);
    }

private:
    std::array<std::uint32_t, size> counts_{};
};

}  // namespace bench
