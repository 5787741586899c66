#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>

#include "spargio/net/socket_address.hpp"

namespace ingest {

/// What one connection may hold; PROTOCOL.md tells clients.
struct session_limits {
    std::uint64_t max_file_bytes = 256 * 1024 * 1024;
    std::size_t buffer_bytes = 64 * 1024;
    std::chrono::milliseconds idle_timeout{30'000};
};

struct options {
    spargio::socket_address listen;
    std::filesystem::path store;
    std::optional<unsigned> shards;  // the runtime's own default when not given
    unsigned max_connections = 1024;
    std::chrono::milliseconds drain{10'000};
    session_limits limits;
};

/// Reads the command line. \return the options, or the exit code of a run that ends here: 0 after
/// --help, exit_bad_arguments after one line on stderr.
auto parse_options(int argc, char** argv) -> std::expected<options, int>;

}  // namespace ingest
