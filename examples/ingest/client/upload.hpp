#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "connection.hpp"
#include "files.hpp"

namespace ingest_client {

/// A file that was stored: its checksum by the client's own reckoning.
struct stored_file {
    const source_file* source;
    std::string checksum;
};

struct upload_report {
    std::vector<stored_file> stored;
    std::vector<std::string> failures;  // a line each: what, and which file
    std::vector<double> latencies_ms;   // sorted; first byte sent to last byte of the answer
    std::uint64_t bytes = 0;
    double seconds = 0;

    auto latency_at(double fraction) const -> double;
};

/// Sends all files over `connections` connections, a thread each, and checks every answer.
auto upload(const endpoint& server, const std::vector<source_file>& files, unsigned connections)
    -> upload_report;

}  // namespace ingest_client
