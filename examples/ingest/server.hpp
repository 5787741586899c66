#pragma once

#include <atomic>
#include <list>
#include <optional>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/join_handle.hpp"

#include "counters.hpp"
#include "options.hpp"
#include "session.hpp"
#include "store.hpp"

namespace ingest {

/// Accepts clients, gives each a session on a shard, and ends them all in order.
/// Thread: the shard that runs run(); sessions run on theirs.
/// Limit: `max_connections` sessions; a client past it is answered `busy`.
class server {
public:
    server(spargio::tcp_listener listener, const options& chosen, store& where, counters& counted)
        : listener_(std::move(listener)), options_(chosen), store_(where), counted_(counted) {}

    /// Serves until SIGINT or SIGTERM, then lets files that have begun end, until the drain time
    /// is over or a second signal comes.
    /// \return errors: what keeps it from waiting for signals or from accepting at all.
    auto run() -> spargio::task<spargio::result<void>>;

private:
    struct entry {
        std::atomic<session_phase> phase = session_phase::idle;
        std::optional<spargio::join_handle<void>> handle;
    };

    auto accept_clients() -> spargio::task<spargio::result<void>>;
    void start_session(spargio::tcp_stream stream);
    void refuse(spargio::tcp_stream stream);
    void forget_ended();
    auto drain() -> spargio::task<>;
    auto join_all() -> spargio::task<>;

    spargio::tcp_listener listener_;
    const options& options_;
    store& store_;
    counters& counted_;
    std::list<entry> sessions_;  // a list: sessions point to their phase
    std::list<spargio::join_handle<void>> refusals_;
    std::atomic<bool> draining_ = false;
};

}  // namespace ingest
