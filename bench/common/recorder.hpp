#pragma once

#include <cstdint>
#include <ctime>

#include "bench/common/histogram.hpp"

namespace bench {

inline auto now_ns() -> std::uint64_t {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000ULL +
           static_cast<std::uint64_t>(t.tv_nsec);
}

/// What one `run` command asks for and what it measures: `iterations` times the workload with
/// `items` requests each. One clock reading a request, in every variant.
/// Thread: the client's only, between begin() and end(); the main thread before and after.
class recorder {
public:
    recorder(std::uint64_t items, unsigned iterations) : items_(items), iterations_(iterations) {}

    [[nodiscard]] auto items() const -> std::uint64_t { return items_; }
    [[nodiscard]] auto iterations() const -> unsigned { return iterations_; }

    /// Starts an iteration's timed region.
    void begin() { start_ = last_ = now_ns(); }

    /// A request is answered; the next one begins.
    void lap() {
        const std::uint64_t now = now_ns();
        latencies_.record(now - last_);
        last_ = now;
    }

    /// The time since the last lap does not count: it was a pause.
    void skip() {
        const std::uint64_t now = now_ns();
        start_ += now - last_;
        last_ = now;
    }

    /// Ends the timed region. Every iteration does the same work, so every checksum is the same.
    void end(std::uint64_t checksum) {
        total_ns_ += now_ns() - start_;
        if (done_++ == 0)
            checksum_ = checksum;
        consistent_ = consistent_ && checksum_ == checksum;
    }

    /// Latencies measured by a thread that was not the client's caller, merged request by request.
    void record_latency(std::uint64_t ns) { latencies_.record(ns); }

    [[nodiscard]] auto total_ns() const -> std::uint64_t { return total_ns_; }
    [[nodiscard]] auto checksum() const -> std::uint64_t { return checksum_; }
    [[nodiscard]] auto complete() const -> bool { return consistent_ && done_ == iterations_; }
    [[nodiscard]] auto latencies() const -> const histogram& { return latencies_; }

private:
    std::uint64_t items_;
    unsigned iterations_;
    unsigned done_ = 0;
    bool consistent_ = true;
    std::uint64_t start_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t total_ns_ = 0;
    std::uint64_t checksum_ = 0;
    histogram latencies_;
};

}  // namespace bench
