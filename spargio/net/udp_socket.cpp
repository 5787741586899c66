#include "spargio/net/udp_socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <cerrno>

#include "spargio/net/detail/datagram_message.hpp"
#include "spargio/net/detail/socket_calls.hpp"
#include "spargio/ring/ops/sendmsg.hpp"

namespace spargio {
namespace {

bool is_internet(const socket_address& address) noexcept {
    return address.family() == AF_INET || address.family() == AF_INET6;
}

/// A network card without checksums refuses with EIO, a path that cannot be cut for with EINVAL,
/// and one whose packets are smaller than a segment, since Linux 6.14, with EMSGSIZE.
bool refuses_to_cut(const std::error_code& error) noexcept {
    return error == std::errc::io_error || error == std::errc::invalid_argument ||
           error == std::errc::message_size;
}

}  // namespace

result<udp_socket> udp_socket::bind(const socket_address& address, const bind_options& options) {
    if (!is_internet(address))
        return failure(EAFNOSUPPORT);
    auto socket = detail::bound_socket(SOCK_DGRAM, address, options);
    if (!socket)
        return failure(socket.error());
    return udp_socket(std::move(*socket));
}

result<udp_socket> udp_socket::open_for(const socket_address& peer) {
    if (!is_internet(peer))
        return failure(EAFNOSUPPORT);
    auto socket = open(peer.family(), SOCK_DGRAM);
    if (!socket)
        return failure(socket.error());
    return udp_socket(std::move(*socket));
}

result<udp_socket> udp_socket::from_fd(int number) {
    if (auto prepared = prepare_adopted(number); !prepared)
        return failure(prepared.error());
    return udp_socket(descriptor(number));
}

task<result<std::size_t>> udp_socket::send_message(std::span<const std::byte> bytes,
                                                   datagram_info info) {
    const auto version_4 = speaks_version_4(info);
    if (!version_4)
        co_return failure(version_4.error());
    const std::size_t whole = info.segment_size == 0 ? bytes.size() : info.segment_size;
    const std::size_t fitting = most_bytes_at_once / std::max(whole, std::size_t{1});
    const std::size_t at_once = whole * std::clamp(fitting, std::size_t{1}, most_segments_at_once);
    bool cuts = offloads_;
    std::size_t sent = 0;
    for (;;) {
        const auto rest = bytes.subspan(sent);
        const bool segmented = cuts && rest.size() > whole && at_once > whole;
        detail::outgoing_datagram next(
            rest.first(std::min(segmented ? at_once : whole, rest.size())), info.peer);
        next.add(info, *version_4);
        if (segmented)
            next.add_segment_size(whole);
        const auto count = co_await detail::await_operation<sendmsg_operation>(
            detail::decode_count(), &writes_, fd(), &next.message);
        if (!count && segmented && refuses_to_cut(count.error())) {
            cuts = false;
            continue;
        }
        if (!count && sent == 0)
            co_return failure(count.error());
        if (!count)
            co_return sent;
        sent += *count;
        // Refused as one and taken apart: it was for the cutting that it was refused.
        offloads_ = cuts;
        if (sent == bytes.size() || *count == 0)
            co_return sent;
    }
}

result<bool> udp_socket::speaks_version_4(const datagram_info& info) const noexcept {
    if (info.peer.family() != AF_UNSPEC || !detail::outgoing_datagram::says_more_than_peer(info))
        return detail::is_version_4(info.peer);
    const auto connected = peer_address();
    if (!connected)
        return failure(connected.error() == std::errc::not_connected
                           ? std::make_error_code(std::errc::destination_address_required)
                           : connected.error());
    return detail::is_version_4(*connected);
}

result<void> udp_socket::set_of_both_versions(int v4_option, int v6_option, bool on) noexcept {
    const auto family = detail::option_of(fd(), SOL_SOCKET, SO_DOMAIN);
    if (!family)
        return failure(family.error());
    const auto set = detail::set_option(fd(), IPPROTO_IP, v4_option, on ? 1 : 0);
    // A socket of version 6 may have version 4 peers.
    return *family == AF_INET6 ? detail::set_option(fd(), IPPROTO_IPV6, v6_option, on ? 1 : 0)
                               : set;
}

result<void> udp_socket::set_receive_ecn(bool on) noexcept {
    return set_of_both_versions(IP_RECVTOS, IPV6_RECVTCLASS, on);
}
result<void> udp_socket::set_receive_local(bool on) noexcept {
    return set_of_both_versions(IP_PKTINFO, IPV6_RECVPKTINFO, on);
}
result<void> udp_socket::set_receive_coalesced(bool on) noexcept {
    return detail::set_option(fd(), SOL_UDP, UDP_GRO, on ? 1 : 0);
}
result<void> udp_socket::set_broadcast(bool on) noexcept {
    return detail::set_option(fd(), SOL_SOCKET, SO_BROADCAST, on ? 1 : 0);
}

}  // namespace spargio
