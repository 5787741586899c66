#pragma once

#include "spargio/core/task.hpp"
#include "spargio/net/tcp_stream.hpp"

#include "command.hpp"
#include "options.hpp"

namespace keyed_router {

/// What a session works with; the key space and the options outlive it.
struct session_environment {
    const options* chosen;
    server_facts facts;
};

/// Serves one client until it leaves, quits or breaks the protocol. \pre runs on the stream's home
/// shard
auto serve_session(spargio::tcp_stream stream, session_environment environment) -> spargio::task<>;

/// Tells a client that there is no room for it.
auto refuse_session(spargio::tcp_stream stream) -> spargio::task<>;

}  // namespace keyed_router
