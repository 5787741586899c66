#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>

#include "spargio/core/task.hpp"
#include "spargio/io/close_awaiter.hpp"
#include "spargio/io/owned_buffer.hpp"
#include "spargio/io/shutdown_how.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/net/receive_stream.hpp"
#include "spargio/net/zero_copy.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/ring/ops/send.hpp"
#include "spargio/ring/ops/shutdown.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {

/// A connection that carries bytes in order: what tcp_stream and unix_stream have in common. It
/// closes when it is destroyed.
///
/// Operations go through the ring of the shard that awaits them, so a stream may move between
/// shards from one operation to the next. At most one reader and one writer at a time. Every
/// operation may answer std::errc::operation_canceled after a stop request, and then nothing was
/// moved, where it does not say otherwise.
///
/// Destroying, closing or moving it ends no request that is under way, which goes on with the
/// connection it began on and keeps that open: to end a reader or writer, shutdown() or stop it.
/// What takes several requests (read_exact(), write_all() and their like, splices) makes no further
/// one once it is closed, but answers std::errc::bad_file_descriptor, and needs the stream to stay
/// where it is; write_all_zero_copy() does not.
class connected_stream : public basic_socket {
public:
    /// Reads at least one byte into `buffer`, or 0 at end of stream.
    /// \return bytes read; errors: std::errc::connection_reset, ...
    /// \pre `buffer` is not empty and outlives the await. Source: recv(2).
    [[nodiscard]] auto read_some(std::span<std::byte> buffer) noexcept {
        SPARGIO_ASSERT(!buffer.empty());
        return detail::await_operation<recv_operation>(detail::decode_count(), &reads_, fd(),
                                                       buffer);
    }
    /// The same, but what is read stays to be read again. Source: recv(2), MSG_PEEK.
    [[nodiscard]] auto peek(std::span<std::byte> buffer) noexcept {
        SPARGIO_ASSERT(!buffer.empty());
        return detail::await_operation<recv_operation>(detail::decode_count(), &reads_, fd(),
                                                       buffer, MSG_PEEK);
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

    // --- without a copy --------------------------------------------------------------------------

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

    // --- several buffers at once -----------------------------------------------------------------

    /// read_some() into several buffers, one after the other, with one request of at most
    /// most_pieces of them that are not empty. \pre together they are not empty, and outlive the
    /// await. Source: recvmsg(2).
    [[nodiscard]] task<result<std::size_t>>
    read_vectored(std::span<const std::span<std::byte>> buffers);
    /// write_some() of several buffers, one after the other, with one request of at most
    /// most_pieces of them that are not empty. \pre as read_vectored(). Source: sendmsg(2).
    [[nodiscard]] task<result<std::size_t>>
    write_vectored(std::span<const std::span<const std::byte>> buffers);
    /// Fills all of `buffers`; otherwise like read_exact().
    [[nodiscard]] task<result<void>>
    read_exact_vectored(std::span<const std::span<std::byte>> buffers);
    /// Writes all of `buffers`, any number of them, most_pieces a request; what a request leaves
    /// goes into the next. After an error, some of them may have been sent.
    [[nodiscard]] task<result<void>>
    send_all_batch(std::span<const std::span<const std::byte>> buffers);
    static constexpr std::size_t most_pieces = 64;

    // --- buffers that are handed over, and come back with the answer -----------------------------

    template <owned_buffer Buffer>
    [[nodiscard]] task<with_buffer<std::size_t, Buffer>> read_some_owned(Buffer buffer) {
        const auto count = co_await read_some(writable_bytes(buffer));
        co_return with_buffer<std::size_t, Buffer>{count, std::move(buffer)};
    }
    template <owned_buffer Buffer>
    [[nodiscard]] task<with_buffer<std::size_t, Buffer>> write_some_owned(Buffer buffer) {
        const auto count = co_await write_some(readable_bytes(buffer));
        co_return with_buffer<std::size_t, Buffer>{count, std::move(buffer)};
    }
    template <owned_buffer Buffer>
    [[nodiscard]] task<with_buffer<void, Buffer>> read_exact_owned(Buffer buffer) {
        const auto filled = co_await read_exact(writable_bytes(buffer));
        co_return with_buffer<void, Buffer>{filled, std::move(buffer)};
    }
    template <owned_buffer Buffer>
    [[nodiscard]] task<with_buffer<void, Buffer>> write_all_owned(Buffer buffer) {
        const auto written = co_await write_all(readable_bytes(buffer));
        co_return with_buffer<void, Buffer>{written, std::move(buffer)};
    }

    // --- its end ---------------------------------------------------------------------------------

    /// Ends one or both directions, at once; the peer reads end of stream. Source: shutdown(2).
    [[nodiscard]] auto shutdown(shutdown_how how) noexcept {
        return detail::await_operation<shutdown_operation>(detail::decode_nothing(), nullptr, fd(),
                                                           static_cast<int>(how));
    }
    /// Closes through the ring and yields when it is done; a stop request does not keep it. One
    /// that is not awaited closes when it is dropped.
    [[nodiscard]] auto close() noexcept {
        zero_copy_.close();
        return detail::close_awaiter(std::move(descriptor_));
    }
    /// What close does with bytes that were written and have not left: with a time it waits for
    /// them as long, with zero it drops them and resets the connection; with none, the default,
    /// they are sent in the background (SO_LINGER). A close that waits, waits in the kernel: use
    /// close(), for the destructor would hold up its shard.
    result<void> set_linger(std::optional<std::chrono::seconds> patience) noexcept;

    [[nodiscard]] result<socket_address> peer_address() const noexcept;
    /// The home shard its session policy chose.
    [[nodiscard]] unsigned session_shard() const noexcept { return session_shard_; }

protected:
    connected_stream(descriptor connected, unsigned session_shard) noexcept
        : basic_socket(std::move(connected)), session_shard_(session_shard) {}
    connected_stream(connected_stream&&) noexcept = default;
    connected_stream& operator=(connected_stream&&) noexcept = default;
    ~connected_stream() = default;

    detail::attempt_history reads_;
    detail::attempt_history writes_;

private:
    zero_copy_sender zero_copy_;
    unsigned session_shard_;
};

}  // namespace spargio
