#pragma once

#include <cstddef>
#include <expected>
#include <optional>

#include "front_end.hpp"

namespace mixed_mode {

/// What the exit code tells scripts.
enum exit_code : int {
    exit_ok = 0,
    exit_failed = 1,
    exit_bad_arguments = 2,
    exit_cannot_listen = 3,
    exit_no_runtime = 5,
};

struct options {
    asio::ip::tcp::endpoint listen;
    std::optional<unsigned> shards;  // the runtime's own default when not given
    std::size_t capacity = 64;
    front_limits front;
    session_limits sessions;
};

/// Reads the command line. \return the options, or the exit code of a run that ends here: 0 after
/// --help, exit_bad_arguments after one line on stderr.
auto parse_options(int argc, char** argv) -> std::expected<options, int>;

}  // namespace mixed_mode
