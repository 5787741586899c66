#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "spargio/core/counter.hpp"

namespace spargio {

/// How often something took how long: number k counts what took from 2^k up to 2^(k+1) ns, the last
/// one whatever took longer.
struct time_histogram {
    static constexpr std::size_t buckets = 36;  // over a minute

    std::array<std::uint64_t, buckets> counts{};

    time_histogram& operator+=(const time_histogram& other) noexcept {
        for (std::size_t k = 0; k != buckets; ++k)
            counts[k] += other.counts[k];
        return *this;
    }
    [[nodiscard]] std::uint64_t total() const noexcept {
        std::uint64_t sum = 0;
        for (const std::uint64_t each : counts)
            sum += each;
        return sum;
    }
    /// Nothing below `part` (0 to 1) of all took longer; up to twice the true time. 0 if empty.
    [[nodiscard]] std::uint64_t quantile_ns(double part) const noexcept {
        const auto wanted =
            static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(total())));
        std::uint64_t seen = 0;
        for (std::size_t k = 0; k != buckets; ++k) {
            seen += counts[k];
            if (seen != 0 && seen >= wanted)
                return (std::uint64_t{2} << k) - 1;
        }
        return 0;
    }
};

namespace detail {

/// A time_histogram that one thread at a time adds to and any may read.
class time_counts {
public:
    void add(std::uint64_t ns, std::uint64_t times) noexcept {
        const auto bucket = static_cast<std::size_t>(std::bit_width(ns | 1) - 1);
        counts_[std::min(bucket, time_histogram::buckets - 1)].add(times);
    }
    [[nodiscard]] time_histogram get() const noexcept {
        time_histogram seen;
        for (std::size_t k = 0; k != time_histogram::buckets; ++k)
            seen.counts[k] = counts_[k].get();
        return seen;
    }

private:
    std::array<counter<>, time_histogram::buckets> counts_;
};

}  // namespace detail
}  // namespace spargio
