#pragma once

#include <cstdint>

#include "spargio/boundary/client.hpp"
#include "spargio/boundary/server.hpp"
#include "spargio/core/task.hpp"

namespace mixed_mode {

/// How many primes are below a number?
struct question {
    std::uint64_t below = 0;
    unsigned parts = 1;  // into which the work is cut
};
struct answer {
    std::uint64_t primes = 0;
    unsigned shards = 0;  // that ended a part of the work
};

using work_client = spargio::boundary::client<question, answer>;
using work_server = spargio::boundary::server<question, answer>;

/// Answers calls until none can come any more, each in a task of its own.
auto serve(work_server from) -> spargio::task<>;

}  // namespace mixed_mode
