#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <utility>

#include "spargio/core/task.hpp"
#include "spargio/io/descriptor.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/net/session_policy.hpp"
#include "spargio/net/socket_address.hpp"
#include "spargio/net/zero_copy.hpp"
#include "spargio/ring/ops/close.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/shutdown.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {

/// Which directions of a connection shutdown() ends.
enum class shutdown_how : std::uint8_t { read, write, both };

/// A TCP connection. It closes when it is destroyed; no operation may be under way then.
///
/// Operations go through the ring of the shard that awaits them, so a stream may move between
/// shards from one operation to the next. At most one reader and one writer at a time. Every
/// operation may answer std::errc::operation_canceled after a stop request, and then nothing was
/// moved.
class tcp_stream {
public:
    tcp_stream(tcp_stream&&) noexcept = default;
    tcp_stream& operator=(tcp_stream&&) noexcept = default;

    /// Connects. Errors: std::errc::connection_refused, timed_out, network_unreachable,
    /// too_many_files_open, ...; errc::no_such_shard. A cancel closes the socket.
    /// Source: socket(2), connect(2).
    [[nodiscard]] static task<result<tcp_stream>>
    connect(socket_address address, session_policy policy = session_policy::context_preferred());

    /// Internal: from what an accept answered.
    [[nodiscard]] static result<tcp_stream> from_accepted(result<descriptor> accepted,
                                                          session_policy policy);

    /// Takes over a connected socket, which it makes blocking and close-on-exec: waiting is the
    /// ring's business. On an error `number` stays the caller's. \pre called on a shard
    [[nodiscard]] static result<tcp_stream>
    from_fd(int number, session_policy policy = session_policy::context_preferred());

    /// Reads at least one byte into `buffer`, or 0 at end of stream.
    /// \return bytes read; errors: std::errc::connection_reset, ...
    /// \pre `buffer` is not empty and outlives the await. Source: recv(2).
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) noexcept {
        SPARGIO_ASSERT(!buffer.empty());
        return detail::await_operation<recv_operation>(detail::decode_count(), &reads_, fd(),
                                                       buffer);
    }

    /// Writes some of `buffer`, at least one byte.
    /// \return bytes written; errors: std::errc::broken_pipe, connection_reset, ...; never a
    /// signal. \pre `buffer` is not empty and outlives the await. Source: send(2).
    [[nodiscard]] auto write_some(std::span<const std::byte> buffer) noexcept {
        SPARGIO_ASSERT(!buffer.empty());
        return detail::await_operation<send_operation>(detail::decode_count(), &writes_, fd(),
                                                       buffer);
    }

    /// Fills `buffer`. Error beside read_some()'s: errc::end_of_stream when the peer finished
    /// first. After any error it is not told how much of the buffer was filled.
    [[nodiscard]] task<result<void>> read_exact(std::span<std::byte> buffer);
    /// Writes all of `buffer`. After an error, some of it may have been sent.
    [[nodiscard]] task<result<void>> write_all(std::span<const std::byte> buffer);

    /// What is received as leases of buffers the kernel filled, without a copy; the stream is open
    /// until that has gone, and read by nobody else. Error: std::errc::not_enough_memory.
    [[nodiscard]] result<receive_stream> receive_leases() const {
        return receive_stream::open(fd());
    }

    /// write_all() of bytes the stream takes over: large ones are sent out of their own memory,
    /// which is freed when the kernel is through with it; nobody waits for that.
    template <owned_bytes Buffer>
    [[nodiscard]] task<result<void>> write_all_zero_copy(Buffer owned) {
        return zero_copy_.write_all(fd(), std::move(owned));
    }

    /// Ends one or both directions; the peer reads end of stream. Source: shutdown(2).
    [[nodiscard]] auto shutdown(shutdown_how how) noexcept {
        return detail::await_operation<shutdown_operation>(detail::decode_nothing(), nullptr, fd(),
                                                           static_cast<int>(how));
    }
    /// Closes through the ring and yields when it is done. \pre no operation is under way
    [[nodiscard]] auto close() noexcept {
        return detail::await_operation<close_operation>(detail::decode_nothing(), nullptr,
                                                        descriptor_.release());
    }

    /// Sends small writes at once (TCP_NODELAY); on by default.
    result<void> set_no_delay(bool on) noexcept;
    [[nodiscard]] result<socket_address> local_address() const noexcept;
    [[nodiscard]] result<socket_address> peer_address() const noexcept;
    [[nodiscard]] int fd() const noexcept { return descriptor_.get(); }
    /// The home shard its session policy chose.
    [[nodiscard]] unsigned session_shard() const noexcept { return session_shard_; }

    /// Moves the stream to its home shard and runs `session(stream)`, which returns a task, there.
    /// Errors: as runtime_handle::spawn(); the stream is closed then.
    template <class Session>
    requires std::invocable<Session&, tcp_stream>
    auto spawn_on_session(Session session, spawn_options options = {}) && {
        const unsigned home = session_shard_;
        auto start = [stream = std::move(*this), session = std::move(session)]() mutable {
            return session(std::move(stream));
        };
        return this_runtime().spawn(placement::pinned(home), std::move(start), options);
    }

private:
    friend class tcp_listener;
    tcp_stream(descriptor connected, unsigned session_shard) noexcept
        : descriptor_(std::move(connected)), session_shard_(session_shard) {}

    descriptor descriptor_;
    unsigned session_shard_;
    detail::attempt_history reads_;
    detail::attempt_history writes_;
    zero_copy_sender zero_copy_;
};

}  // namespace spargio
