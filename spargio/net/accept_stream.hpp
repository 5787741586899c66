#pragma once

#include <coroutine>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/io/descriptor.hpp"
#include "spargio/shard/multishot_source.hpp"

namespace spargio {

namespace detail {

class accept_source;

/// Waits for a listener's next connection.
class connection_wait : multishot_wait {
public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }

protected:
    explicit connection_wait(accept_source& source) noexcept;
    ~connection_wait() = default;
    [[nodiscard]] result<descriptor> take() const noexcept;

private:
    accept_source& source_;
};

/// The same, yielding what `Made` makes of the connection's descriptor.
template <class Made>
class [[nodiscard]] connection_awaiter final : connection_wait {
public:
    connection_awaiter(accept_source& source, Made made) noexcept
        : connection_wait(source), made_(std::move(made)) {}
    using connection_wait::await_ready;
    using connection_wait::await_suspend;
    auto await_resume() { return made_(take()); }

private:
    [[no_unique_address]] Made made_;
};

}  // namespace detail

/// The connections of a listening socket of any kind, accepted one after another by one request on
/// the shard where the stream was made. The listener stays the caller's, and is open until the
/// stream has gone.
/// Thread: a reader at a time, on any shard of its runtime, before which it goes; a shard of
/// another one gets std::errc::operation_not_permitted.
/// Limit: some tens of connections that were accepted and not taken; more wait in the backlog.
class accept_stream {
public:
    /// \pre called on a shard
    explicit accept_stream(int listener);
    accept_stream(accept_stream&& other) noexcept
        : source_(std::exchange(other.source_, nullptr)) {}
    accept_stream& operator=(accept_stream&& other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    /// Connections that were accepted and not taken are closed: request_end() first where that
    /// matters.
    ~accept_stream();

    /// Internal: yields what `made` makes of that.
    template <class Made>
    [[nodiscard]] auto next_as(Made made) noexcept {
        return detail::connection_awaiter<Made>(*source_, std::move(made));
    }
    /// Yields the next connection. Errors: std::errc::too_many_files_open (the connection stays in
    /// the backlog: let some end, then go on), connection_aborted, not_enough_memory (it may have
    /// been closed), ...; operation_canceled (none was taken); errc::end_of_stream after
    /// request_end(), when all that came were taken. \pre nobody else waits. Source: accept4(2).
    [[nodiscard]] auto next() noexcept {
        return next_as([](result<descriptor> accepted) noexcept { return accepted; });
    }
    /// Asks for no more to be accepted: next() yields what has come, then errc::end_of_stream.
    void request_end() noexcept;

private:
    detail::accept_source* source_;
};

}  // namespace spargio
