#pragma once

#include <atomic>

#include "spargio/core/task.hpp"
#include "spargio/net/tcp_stream.hpp"

#include "counters.hpp"
#include "options.hpp"
#include "store.hpp"

namespace ingest {

/// Where a session stands. The session moves between idle and busy; who drains the server moves
/// idle to closing, and only a closing session may be stopped without cutting off a file.
enum class session_phase { idle, busy, closing };

/// What a session works with; everything outlives it.
struct session_environment {
    ingest::store* store;
    const session_limits* limits;
    shard_counters* counted;  // of the shard the session runs on
    std::atomic<session_phase>* phase;
    const std::atomic<bool>* draining;
};

/// Serves one client until it is done, breaks the protocol, falls silent, or the server drains.
auto serve_session(spargio::tcp_stream stream, session_environment environment) -> spargio::task<>;

/// Answers and closes so that the answer arrives: what the client still sends is discarded for a
/// short while, because closing on unread bytes would reset the connection.
auto refuse_session(spargio::tcp_stream stream, status why) -> spargio::task<>;

}  // namespace ingest
