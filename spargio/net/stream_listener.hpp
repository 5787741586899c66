#pragma once

#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/net/session_policy.hpp"
#include "spargio/ring/ops/accept.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {

/// Accepts connections, which become a `Stream` each: base of tcp_listener and unix_listener. It
/// closes when it is destroyed. Several accepts may be under way at once; each gets a connection of
/// its own.
/// Thread: one at a time moves and closes; accepts may be awaited on several shards.
template <class Stream>
class stream_listener : public basic_socket {
public:
    /// Yields the next connection, whose home shard `policy` chooses. Errors:
    /// std::errc::too_many_files_open (the connection stays in the backlog: let some end, then try
    /// again), connection_aborted (the peer left: try again), operation_canceled (none was taken);
    /// errc::no_such_shard, without accepting.
    /// Source: accept4(2).
    [[nodiscard]] task<result<Stream>>
    accept(session_policy policy = session_policy::context_preferred()) {
        const auto home = policy.choose();
        if (!home)
            co_return failure(home.error());
        const auto accepted = co_await detail::await_operation<accept_operation>(
            detail::decode_count(), nullptr, fd());
        if (!accepted)
            co_return failure(accepted.error());
        co_return Stream::made(descriptor(static_cast<int>(*accepted)), *home);
    }

    /// Stops listening; connections in the backlog are reset. An accept that is under way keeps the
    /// socket listening until it is stopped.
    void close() noexcept { descriptor_.reset(); }

protected:
    explicit stream_listener(descriptor listening) noexcept : basic_socket(std::move(listening)) {}
    stream_listener(stream_listener&&) noexcept = default;
    stream_listener& operator=(stream_listener&&) noexcept = default;
    ~stream_listener() = default;
};

}  // namespace spargio
