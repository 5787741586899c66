#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>

#include "spargio/net/socket_address.hpp"

#include "request_parser.hpp"
#include "store.hpp"

namespace keyed_router {

struct options {
    spargio::socket_address listen;
    std::optional<unsigned> shards;  // the runtime's own default when not given
    unsigned max_clients = 10'000;
    request_limits request;
    std::size_t unsent_bytes = 1024 * 1024;  // replies of one connection, in memory
    store_limits keys{};                     // of all shards together
    std::chrono::milliseconds drain{5'000};
};

/// Reads the command line. \return the options, or the exit code of a run that ends here: 0 after
/// --help, exit_bad_arguments after one line on stderr.
auto parse_options(int argc, char** argv) -> std::expected<options, int>;

}  // namespace keyed_router
