#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <vector>

#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/task_group.hpp"

namespace spargio {

/// What a tcp_listener_group has done so far.
struct served_counts {
    std::uint64_t accepted = 0;
    std::uint64_t delayed = 0;  ///< accepts that found no descriptor or memory, and were repeated
    std::uint64_t overloaded = 0;  ///< connections closed because the shard had its most tasks
    std::uint64_t failed = 0;      ///< sessions that ended by an exception
};

/// One listener a shard at one address (SO_REUSEPORT). The kernel spreads connections over them,
/// and each is accepted, and stays, on the shard whose listener it reached: no shard waits for
/// another. Thread: bind() and serve() on a shard of the runtime; of(n) belongs to shard n. Limit:
/// sessions are tasks of their shard; past runtime_builder::max_tasks connections are closed, and
/// counted.
class tcp_listener_group {
public:
    /// A listener for each shard of this runtime; with port 0 they share a free one. Errors: those
    /// of tcp_listener::bind(); std::errc::address_in_use when another group, of another process
    /// perhaps, listens there, unless `options` say reuse_port: then it shares the connections with
    /// that. \pre called on a shard
    [[nodiscard]] static result<tcp_listener_group> bind(const socket_address& address,
                                                         listen_options options = {});

    [[nodiscard]] result<socket_address> local_address() const noexcept {
        return listeners_.front().local_address();
    }
    [[nodiscard]] unsigned size() const noexcept {
        return static_cast<unsigned>(listeners_.size());
    }
    /// Shard `shard`'s, for a loop of one's own. \pre shard < size()
    [[nodiscard]] tcp_listener& of(unsigned shard) noexcept { return listeners_[shard]; }

    /// Accepts on every shard and runs `session(stream)`, which returns a task<void>, for each
    /// connection, pinned to the shard. Each shard has a copy of `session`. An accept that finds no
    /// descriptor is repeated a little later, the connection waiting in the backlog; a session that
    /// throws ends alone. Yields when it was asked to stop, which it passes on to the sessions, and
    /// all of them have ended. Errors: one of accept(2) that no repetition mends;
    /// runtime_handle::spawn()'s when a shard could not begin.
    /// \pre the group outlives the await; one serve() at a time
    template <std::copy_constructible Session>
    requires std::invocable<Session&, tcp_stream>
    [[nodiscard]] task<result<void>> serve(Session session) {
        serving state(*counters_);
        for (unsigned shard = 0; shard < size(); ++shard) {
            auto begun = state.group.spawn(placement::pinned(shard),
                                           accept_all(&listeners_[shard], &state, session));
            if (!begun)
                state.fail(begun.error());
        }
        co_await state.group.join();
        if (const std::error_code error = state.error())
            co_return failure(error);
        co_return result<void>{};
    }

    /// Thread: any.
    [[nodiscard]] served_counts counts() const noexcept;

private:
    /// What the shards count. Thread: any.
    struct counters {
        std::atomic<std::uint64_t> accepted = 0;
        std::atomic<std::uint64_t> delayed = 0;
        std::atomic<std::uint64_t> overloaded = 0;
        std::atomic<std::uint64_t> failed = 0;
    };
    static void count_one(std::atomic<std::uint64_t>& what) noexcept {
        what.fetch_add(1, std::memory_order_relaxed);
    }
    /// What they share while they serve. Thread: any.
    class serving {
    public:
        explicit serving(counters& counts) noexcept : counted(counts) {}
        /// Ends them all; the first reason stays.
        void fail(std::error_code why) noexcept;
        /// \pre the group is joined
        [[nodiscard]] std::error_code error() const noexcept { return error_; }

        counters& counted;
        task_group group;

    private:
        std::atomic<bool> has_failed_ = false;
        std::error_code error_;  // written by the first that failed
    };

    explicit tcp_listener_group(std::vector<tcp_listener> listeners)
        : listeners_(std::move(listeners)), counters_(std::make_unique<counters>()) {}

    /// The next connection, whatever delays it; an error when there will be none.
    [[nodiscard]] static task<result<tcp_stream>> next(tcp_listener* listener, serving* state);

    template <class Session>
    static task<void> accept_all(tcp_listener* listener, serving* state, Session session) {
        for (;;) {
            auto stream = co_await next(listener, state);
            if (!stream) {
                if (stream.error() != std::errc::operation_canceled)
                    state->fail(stream.error());
                co_return;
            }
            count_one(state->counted.accepted);
            if (!state->group.spawn(run(std::move(*stream), state, session)))
                count_one(state->counted.overloaded);
        }
    }

    template <class Session>
    static task<void> run(tcp_stream stream, serving* state, Session session) {
        try {
            co_await session(std::move(stream));
        } catch (...) {
            count_one(state->counted.failed);
        }
    }

    std::vector<tcp_listener> listeners_;
    std::unique_ptr<counters> counters_;
};

}  // namespace spargio
