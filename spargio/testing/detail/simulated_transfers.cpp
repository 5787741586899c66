#include "spargio/testing/detail/simulated_transfers.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace spargio::testing::detail {
namespace {

std::span<const ::iovec> pieces_of(const ::msghdr& message) noexcept {
    return {message.msg_iov, message.msg_iovlen};
}

/// Piece by piece until one is moved in part only, or not at all.
template <class Move>
int move_pieces(const ::msghdr& message, std::size_t most, Move move) {
    int moved = 0;
    for (const ::iovec& piece : pieces_of(message)) {
        const std::size_t size = std::min(piece.iov_len, most - static_cast<std::size_t>(moved));
        const int outcome = move(std::span(static_cast<std::byte*>(piece.iov_base), size));
        if (outcome < 0)
            return moved > 0 ? moved : outcome;
        moved += outcome;
        if (static_cast<std::size_t>(outcome) < piece.iov_len)
            break;
    }
    return moved;
}

/// \return how much of it there was room for
int scatter(std::span<const std::byte> whole, const ::msghdr& message) {
    return move_pieces(message, whole.size(), [&](std::span<std::byte> piece) {
        std::copy_n(whole.begin(), piece.size(), piece.begin());
        whole = whole.subspan(piece.size());
        return static_cast<int>(piece.size());
    });
}

}  // namespace

std::size_t transfer_size(const ::io_uring_sqe& request) noexcept {
    switch (request.opcode) {
    case IORING_OP_READ:
    case IORING_OP_WRITE:
    case IORING_OP_RECV:
    case IORING_OP_SEND:
    case IORING_OP_SEND_ZC:
    case IORING_OP_SPLICE:
        return request.len;
    case IORING_OP_SENDMSG:
    case IORING_OP_RECVMSG: {
        std::size_t size = 0;
        for (const ::iovec& piece : pieces_of(*reinterpret_cast<const ::msghdr*>(request.addr)))
            size += piece.iov_len;
        return size;
    }
    default:
        return 0;
    }
}

int send_message(simulated_object& to, const ::msghdr& message, std::size_t most) {
    if (to.keeps_boundaries()) {
        std::vector<std::byte> whole;
        for (const ::iovec& piece : pieces_of(message)) {
            const auto* const bytes = static_cast<const std::byte*>(piece.iov_base);
            whole.insert(whole.end(), bytes, bytes + piece.iov_len);
        }
        return to.send(whole);
    }
    return move_pieces(message, most,
                       [&](std::span<const std::byte> piece) { return to.send(piece); });
}

int receive_message(simulated_object& from, const ::io_uring_sqe& request, std::size_t most) {
    auto& message = *reinterpret_cast<::msghdr*>(request.addr);
    int outcome = 0;
    int flags = 0;
    if (from.keeps_boundaries()) {
        std::vector<std::byte> whole;
        outcome = from.take_datagram(whole);
        if (outcome < 0)
            return outcome;
        const int copied = scatter(whole, message);
        if (copied != outcome)
            flags = MSG_TRUNC;
        if ((request.msg_flags & MSG_TRUNC) == 0)
            outcome = copied;
    } else {
        outcome = move_pieces(message, most,
                              [&](std::span<std::byte> piece) { return from.receive(piece); });
    }
    if (outcome >= 0) {
        message.msg_namelen = 0;
        message.msg_controllen = 0;
        message.msg_flags = flags;
    }
    return outcome;
}

int receive_message_into(simulated_object& from, const ::io_uring_sqe& request,
                         std::span<std::byte> buffer) {
    const auto& message = *reinterpret_cast<const ::msghdr*>(request.addr);
    const std::size_t before =
        sizeof(::io_uring_recvmsg_out) + message.msg_namelen + message.msg_controllen;
    if (buffer.size() < before)
        return -EFAULT;
    std::vector<std::byte> whole;
    if (const int outcome = from.take_datagram(whole); outcome < 0)
        return outcome;
    const auto payload = buffer.subspan(before);
    const std::size_t copied = std::min(payload.size(), whole.size());
    std::copy_n(whole.begin(), copied, payload.begin());
    const bool tells_all = (request.msg_flags & MSG_TRUNC) != 0;
    const ::io_uring_recvmsg_out told{
        .namelen = 0,
        .controllen = 0,
        .payloadlen = static_cast<unsigned>(tells_all ? whole.size() : copied),
        .flags = copied != whole.size() ? unsigned{MSG_TRUNC} : 0u,
    };
    std::memcpy(buffer.data(), &told, sizeof told);
    return static_cast<int>(before + copied);
}

int splice(simulated_object& from, simulated_object& to, const ::io_uring_sqe& request,
           std::size_t most, bool& from_waits) {
    const std::size_t size = std::min({std::size_t{request.len}, most, to.room()});
    if (size == 0)
        return to.write(std::span<const std::byte>(), request.off);  // says why there is no room
    std::vector<std::byte> moved(size);
    const int count = from.read(moved, request.splice_off_in);
    from_waits = count == -EAGAIN;
    if (count <= 0)
        return count;
    return to.write(std::span(moved).first(static_cast<std::size_t>(count)), request.off);
}

}  // namespace spargio::testing::detail
