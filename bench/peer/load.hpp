#pragma once

#include <array>
#include <cstdint>

#include "bench/common/histogram.hpp"
#include "bench/common/mixing.hpp"

namespace bench::load {

/// What the command line asks for; what a mode does not know it ignores.
struct options {
    std::uint16_t port = 0;
    std::uint64_t connections = 1;
    std::uint64_t count = 1000;         ///< requests of `closed`, connections of `churn`
    std::uint64_t seed = 1;             ///< of the schedule: the same for the variants of a round
    std::uint64_t duration_ms = 1000;   ///< of `open`
    std::uint64_t rate = 1000;          ///< of `open`: requests a second, all connections together
    std::uint64_t stall_us = 0;         ///< of `open`: how long a stall lasts
    std::uint64_t stuck_percent = 0;    ///< of `open`: of the time of each worker
    std::uint64_t workers = 2;          ///< of `open`: that the stalls are shared out among
    std::uint64_t short_requests = 4;   ///< of `churn`: on most connections
    std::uint64_t long_requests = 256;  ///< of `churn`: on one in sixteen
};

/// What was measured. An iteration is what the report calls one request.
struct tally {
    std::uint64_t iterations = 0;
    std::uint64_t total_ns = 0;  ///< divided by the iterations it is the figure of the sample
    std::uint64_t elapsed_ns = 0;
    std::uint64_t checksum = 0;
    histogram latencies;
    histogram lateness;     ///< of `open`: how long after its time a request left
    bool punctual = false;  ///< no server can have made it late: it goes before them
    std::array<std::uint64_t, 256> requests_by{};
    std::array<std::uint64_t, 256> connections_by{};

    /// In whatever order the replies come, the same replies make the same checksum.
    void fold(std::uint64_t number) { checksum += mix(number, 1); }
};

/// Each opens its connections, does the work, closes them. \throws when a server answers wrongly,
/// closes a connection or takes longer than a minute.
auto closed(const options& o) -> tally;
auto open(const options& o) -> tally;
auto churn(const options& o) -> tally;

}  // namespace bench::load
