#include "spargio/net/datagram_socket.hpp"

#include <cerrno>

#include "spargio/net/detail/datagram_message.hpp"
#include "spargio/net/detail/socket_calls.hpp"
#include "spargio/net/detail/unix_datagram_send.hpp"
#include "spargio/ring/ops/recvmsg.hpp"
#include "spargio/ring/ops/sendmsg.hpp"

namespace spargio {

task<result<std::size_t>> datagram_socket::send_to(std::span<const std::byte> bytes,
                                                   socket_address to) {
    const detail::outgoing_datagram sent(bytes, to);
    if (!is_internet_)
        co_return co_await detail::send_unix_datagram(*this, &writes_, &sent.message);
    co_return co_await detail::await_operation<sendmsg_operation>(detail::decode_count(), &writes_,
                                                                  fd(), &sent.message);
}

task<result<received_datagram>> datagram_socket::recv_from(std::span<std::byte> buffer) {
    detail::incoming_datagram incoming(buffer, is_internet_);
    const auto full_size = co_await detail::await_operation<recvmsg_operation>(
        detail::decode_count(), &reads_, fd(), &incoming.message, MSG_TRUNC);
    if (!full_size)
        co_return failure(full_size.error());
    co_return incoming.received(*full_size);
}

result<void> datagram_socket::connect(const socket_address& peer) noexcept {
    if (::connect(fd(), peer.data(), peer.size()) < 0)
        return failure(errno);
    return {};
}

result<socket_address> datagram_socket::peer_address() const noexcept {
    return detail::peer_address_of(fd());
}

}  // namespace spargio
