#pragma once

#include <coroutine>
#include <cstddef>
#include <span>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/net/datagram_info.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/shard/buffer_lease.hpp"
#include "spargio/shard/multishot_source.hpp"

namespace spargio {

namespace detail {
class datagram_source;
class datagram_awaiter;
}  // namespace detail

/// A datagram in the buffer the kernel put it into.
/// Thread: any, one at a time.
class leased_datagram {
public:
    leased_datagram() = default;

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    /// It had more bytes than the buffer has room for, which are gone.
    [[nodiscard]] bool truncated() const noexcept { return truncated_; }
    /// Bytes it had.
    [[nodiscard]] std::size_t full_size() const noexcept { return full_size_; }
    /// Who sent it; empty when the kernel does not say.
    [[nodiscard]] const socket_address& source() const noexcept { return source_; }
    /// The control messages that came with it, as in msghdr: what the socket was asked to tell.
    [[nodiscard]] std::span<std::byte> control() const noexcept { return control_; }
    /// The source, and what the control messages tell: as datagram_socket::recv_from().
    [[nodiscard]] datagram_info info() const noexcept;
    /// The stream has ended: there is no datagram.
    [[nodiscard]] bool none() const noexcept { return lease_.empty(); }

private:
    friend class detail::datagram_awaiter;

    buffer_lease lease_;
    std::span<std::byte> bytes_;
    std::span<std::byte> control_;
    std::size_t full_size_ = 0;
    bool truncated_ = false;
    socket_address source_;
};

namespace detail {

/// Waits for the next datagram of a stream.
class [[nodiscard]] datagram_awaiter final : multishot_wait {
public:
    explicit datagram_awaiter(datagram_source& source) noexcept;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <spargio_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        return start(waiter.promise());
    }
    [[nodiscard]] result<leased_datagram> await_resume() const noexcept;

private:
    datagram_source& source_;
};

}  // namespace detail

/// What a datagram socket receives, each datagram in a buffer of its own that the kernel chose.
/// A datagram that does not fit is truncated and says so: `receive_buffers` are to be as large as
/// the largest and 144 bytes more, and the room for control messages.
/// Otherwise as receive_stream: one request, the socket stays the caller's, who waits for leases
/// waits for the kernel and nobody else.
/// Thread: a reader at a time, on any shard of its runtime, before which it goes; a shard of
/// another one gets std::errc::operation_not_permitted.
/// Limit: a few datagrams that were not taken; more wait in the socket, and are dropped there.
class datagram_stream {
public:
    /// Receives from `descriptor`, with room for `control_bytes` of control messages:
    /// datagram_info_bytes for all that info() tells. A Unix socket's have no room: descriptors
    /// that come by them are closed by the kernel. Errors: std::errc::not_enough_memory;
    /// no_buffer_space (the shard's buffers are too small for that). \pre called on a shard
    [[nodiscard]] static result<datagram_stream> open(int descriptor,
                                                      std::size_t control_bytes = 0);
    datagram_stream(datagram_stream&& other) noexcept
        : source_(std::exchange(other.source_, nullptr)) {}
    datagram_stream& operator=(datagram_stream&& other) noexcept {
        std::swap(source_, other.source_);
        return *this;
    }
    /// What was received and not taken is lost with it.
    ~datagram_stream();

    /// Yields the next datagram, or none() when all that came before request_end() were taken.
    /// Errors: std::errc::connection_refused (an earlier one met it), not_enough_memory (one was
    /// lost), ...; operation_canceled (none was taken). \pre nobody else waits. Source: recvmsg(2).
    [[nodiscard]] detail::datagram_awaiter next() noexcept {
        return detail::datagram_awaiter(*source_);
    }
    /// Asks for no more to be received: next() yields what has come, then none().
    void request_end() noexcept;

private:
    explicit datagram_stream(detail::datagram_source* source) noexcept : source_(source) {}

    detail::datagram_source* source_;
};

}  // namespace spargio
