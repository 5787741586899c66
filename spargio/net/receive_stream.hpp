#pragma once

#include <coroutine>
#include <cstddef>
#include <span>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/shard/buffer_lease.hpp"
#include "spargio/shard/multishot_source.hpp"

namespace spargio {

namespace detail {

class receive_source;

/// Waits for the next lease of a stream.
class [[nodiscard]] lease_awaiter final : multishot_wait {
public:
    explicit lease_awaiter(receive_source& source) noexcept;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<buffer_lease> await_resume() const noexcept;

private:
    receive_source& source_;
};

/// Waits for the next leases of a stream.
class [[nodiscard]] segments_awaiter final : multishot_wait {
public:
    segments_awaiter(receive_source& source, std::span<buffer_lease> into) noexcept;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<std::size_t> await_resume() const noexcept;

private:
    receive_source& source_;
    std::span<buffer_lease> into_;
};

}  // namespace detail

/// What a connected stream socket receives, as leases of buffers that the kernel filled: no buffer
/// waits with an idle connection, and no byte is copied.
///
/// One request receives again and again on the shard where the stream was made; without multishot
/// receives or provided buffers each lease takes a wait and a receive. The socket stays the
/// caller's: it is not closed before the stream has ended or gone, and nobody else reads from it.
/// Thread: a reader at a time, on any shard of its runtime, before which it goes; a shard of
/// another one gets std::errc::operation_not_permitted.
/// Limit: a few leases that were not taken (the peer has to wait then); when all buffers of the
/// shard are leased, until one comes home.
class receive_stream {
public:
    /// Receives from `descriptor`. Error: std::errc::not_enough_memory. \pre called on a shard
    [[nodiscard]] static result<receive_stream> open(int descriptor);
    receive_stream(receive_stream&& other) noexcept
        : source_(std::exchange(other.source_, nullptr)) {}
    receive_stream& operator=(receive_stream&& other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    /// What was received and not taken is lost with it: request_end() first where that matters.
    ~receive_stream();

    /// Yields the next bytes, in order, or an empty lease when the peer has finished or what came
    /// before request_end() was taken. Errors: std::errc::connection_reset, ...; not_enough_memory
    /// (bytes were lost, and nothing follows them); operation_canceled (nothing was taken). \pre
    /// nobody else waits. Source: recv(2).
    [[nodiscard]] detail::lease_awaiter next() noexcept { return detail::lease_awaiter(*source_); }
    /// The same for as many leases as have come and fit into `into`; yields how many, at least one,
    /// or 0 where next() yields an empty one. \pre `into` is not empty and outlives the await
    [[nodiscard]] detail::segments_awaiter recv_segments(std::span<buffer_lease> into) noexcept {
        return {*source_, into};
    }
    /// Asks for no more to be received: next() yields what has come, then an empty lease, and from
    /// then on others may read from the socket, which has lost nothing.
    void request_end() noexcept;

private:
    explicit receive_stream(detail::receive_source* source) noexcept : source_(source) {}

    detail::receive_source* source_;
};

}  // namespace spargio
