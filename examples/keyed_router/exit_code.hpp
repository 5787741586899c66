#pragma once

namespace keyed_router {

/// What the exit code tells scripts; README.md lists them.
enum exit_code : int {
    exit_ok = 0,
    exit_failed = 1,
    exit_bad_arguments = 2,
    exit_cannot_listen = 3,
    exit_no_runtime = 4,
};

}  // namespace keyed_router
