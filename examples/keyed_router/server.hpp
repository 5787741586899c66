#pragma once

#include <atomic>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/task_group.hpp"

#include "options.hpp"
#include "partition.hpp"

namespace keyed_router {

/// Accepts clients, gives each a session on a shard, and ends them all after a signal.
/// Thread: run() on one shard; sessions on all.
/// Limit: options::max_clients; more are told so and closed.
class server {
public:
    server(spargio::tcp_listener listener, const options& chosen, keyspace& keys)
        : listener_(std::move(listener)), options_(chosen), keys_(keys) {}

    /// Serves until SIGINT or SIGTERM, or until it cannot accept any more; then lets the sessions
    /// finish what they have read. Yields why it stopped serving, if not for a signal.
    auto run() -> spargio::task<spargio::result<void>>;

private:
    auto accept_clients() -> spargio::task<spargio::result<void>>;
    void start_session(spargio::tcp_stream stream, std::uint16_t port);
    auto drain() -> spargio::task<>;
    auto join_all() -> spargio::task<>;

    spargio::tcp_listener listener_;
    const options& options_;
    keyspace& keys_;
    spargio::task_group sessions_;
    std::uint64_t accepted_ = 0;
};

}  // namespace keyed_router
