#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/common/mixing.hpp"
#include "bench/common/recorder.hpp"

namespace bench {

/// Requests one after another: the results of each, folded in order, are the seed of the next. It
/// keeps its own latencies, because several chains run at a time in some workloads.
/// Thread: one at a time, handed over by what the peer joins with.
class alignas(64) request_chain {
public:
    request_chain(std::uint64_t number, std::uint64_t requests) : seed_(number + 1) {
        latencies_.reserve(requests);
    }

    void begin() { last_ = now_ns(); }
    [[nodiscard]] auto seed() const -> std::uint64_t { return seed_; }
    /// One clock reading a request, as in recorder::lap().
    void answered(std::span<const std::uint64_t> results) {
        for (std::size_t k = 0; k < results.size(); ++k)
            seed_ = mix(seed_ ^ results[k], k);
        const std::uint64_t now = now_ns();
        latencies_.push_back(now - last_);
        last_ = now;
    }
    [[nodiscard]] auto latencies() const -> std::span<const std::uint64_t> { return latencies_; }

private:
    std::uint64_t seed_;
    std::uint64_t last_ = 0;
    std::vector<std::uint64_t> latencies_;
};

/// `count` chains that together make `requests`: chain c those numbered c, c + count, ...
inline auto make_chains(std::uint64_t count, std::uint64_t requests) -> std::vector<request_chain> {
    std::vector<request_chain> chains;
    chains.reserve(count);
    for (std::uint64_t c = 0; c < count; ++c)
        chains.emplace_back(c, requests / count + 1);
    return chains;
}

/// Ends the recorder's iteration, then hands over the latencies, outside the timed region.
inline void end_chains(recorder& r, std::span<const request_chain> chains) {
    std::uint64_t sum = 0;
    for (std::size_t c = 0; c < chains.size(); ++c)
        sum = mix(sum ^ chains[c].seed(), c);
    r.end(sum);
    for (const request_chain& chain : chains)
        for (const std::uint64_t ns : chain.latencies())
            r.record_latency(ns);
}

}  // namespace bench
