#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "spargio/core/task.hpp"
#include "spargio/io/close_awaiter.hpp"
#include "spargio/net/basic_socket.hpp"
#include "spargio/net/datagram_info.hpp"
#include "spargio/ring/ops/recv.hpp"
#include "spargio/shard/io_wait.hpp"

namespace spargio {
namespace detail {

/// Outcomes that say how long a datagram was, beside a buffer of `room` bytes.
struct decode_datagram {
    result<datagram_size> operator()(int outcome) const noexcept {
        if (outcome < 0)
            return failure(-outcome);
        const auto full_size = static_cast<std::size_t>(outcome);
        return datagram_size{std::min(full_size, room), full_size};
    }
    std::size_t room;
};

}  // namespace detail

/// Sends and receives datagrams, each whole or not at all: what udp_socket and unix_datagram have
/// in common. It closes when it is destroyed.
///
/// Operations go through the ring of the shard that awaits them. At most one receiver and one
/// sender at a time. Every operation may answer std::errc::operation_canceled after a stop request;
/// then no datagram was taken, or sent. A datagram may be empty, and so may a buffer: nothing is
/// the end. An error that an earlier datagram met on its way (std::errc::connection_refused: nobody
/// receives there) is answered by the next operation.
class datagram_socket : public basic_socket {
public:
    /// Sends `bytes` to `to`. \return their number. Errors: std::errc::message_size (too long for a
    /// datagram), network_unreachable, permission_denied, ... \pre `bytes` outlive the await.
    /// Source: sendmsg(2).
    [[nodiscard]] task<result<std::size_t>> send_to(std::span<const std::byte> bytes,
                                                    socket_address to);
    /// Receives one datagram, from anybody or from the connected peer, and tells what came with it;
    /// what does not fit `buffer` is gone, and said so. \pre `buffer` outlives the await.
    /// Source: recvmsg(2), MSG_TRUNC.
    [[nodiscard]] task<result<received_datagram>> recv_from(std::span<std::byte> buffer);

    /// Names the peer: what is sent to nobody else goes there, and only what comes from there is
    /// received. Does not wait. Source: connect(2).
    result<void> connect(const socket_address& peer) noexcept;
    /// recv_from() without what came beside the bytes; takes no coroutine frame. Source: recv(2),
    /// MSG_TRUNC.
    [[nodiscard]] auto recv(std::span<std::byte> buffer) noexcept {
        return detail::await_operation<recv_operation>(detail::decode_datagram{buffer.size()},
                                                       &reads_, fd(), buffer, MSG_TRUNC);
    }

    /// Closes through the ring and yields when it is done; a stop request does not keep it. One
    /// that is not awaited closes when it is dropped.
    [[nodiscard]] auto close() noexcept { return detail::close_awaiter(std::move(descriptor_)); }
    [[nodiscard]] result<socket_address> peer_address() const noexcept;

protected:
    datagram_socket(descriptor owned, bool is_internet) noexcept
        : basic_socket(std::move(owned)), is_internet_(is_internet) {}
    datagram_socket(datagram_socket&&) noexcept = default;
    datagram_socket& operator=(datagram_socket&&) noexcept = default;
    ~datagram_socket() = default;

    detail::attempt_history reads_;
    detail::attempt_history writes_;

private:
    // With a datagram of a Unix socket would come descriptors, which nobody would own.
    bool is_internet_;
};

}  // namespace spargio
