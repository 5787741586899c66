#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstring>

#include "spargio/core/assert.hpp"
#include "spargio/net/detail/datagram_message.hpp"

namespace spargio::detail {
namespace {

/// The beginning of a control message's data, of which there may be less than a whole `Value`.
template <class Value>
Value value_of(const ::cmsghdr& header) noexcept {
    Value value{};
    const std::size_t size = header.cmsg_len - CMSG_LEN(0);
    std::memcpy(&value, CMSG_DATA(&header), std::min(size, sizeof value));
    return value;
}

socket_address address_of(const ::in_addr& address) noexcept {
    ::sockaddr_storage storage{};
    storage.ss_family = AF_INET;
    std::memcpy(&reinterpret_cast<::sockaddr_in&>(storage).sin_addr, &address, sizeof address);
    return socket_address::from_native(storage);
}
socket_address address_of(const ::in6_addr& address, unsigned interface) noexcept {
    ::sockaddr_storage storage{};
    storage.ss_family = AF_INET6;
    auto& native = reinterpret_cast<::sockaddr_in6&>(storage);
    native.sin6_addr = address;
    // Only such an address means something else on each interface.
    if (IN6_IS_ADDR_LINKLOCAL(&address))
        native.sin6_scope_id = interface;
    return socket_address::from_native(storage);
}

ecn_mark mark_of(int traffic_class) noexcept {
    return static_cast<ecn_mark>(traffic_class & 3);
}

const ::sockaddr_in& as_v4(const socket_address& address) noexcept {
    return *reinterpret_cast<const ::sockaddr_in*>(address.data());
}
const ::sockaddr_in6& as_v6(const socket_address& address) noexcept {
    return *reinterpret_cast<const ::sockaddr_in6*>(address.data());
}

/// The version 4 address of `address`, none where it has none.
::in_addr v4_of(const socket_address& address) noexcept {
    ::in_addr found{};
    if (address.family() == AF_INET)
        found = as_v4(address).sin_addr;
    else if (is_version_4(address))
        std::memcpy(&found, as_v6(address).sin6_addr.s6_addr + 12, sizeof found);
    return found;
}

}  // namespace

bool is_version_4(const socket_address& address) noexcept {
    return address.family() == AF_INET ||
           (address.family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_v6(address).sin6_addr));
}

void read_control(const ::msghdr& message, datagram_info& info) noexcept {
    auto& all = const_cast<::msghdr&>(message);  // the macros know no const
    for (::cmsghdr* each = CMSG_FIRSTHDR(&all); each != nullptr; each = CMSG_NXTHDR(&all, each)) {
        const int type = each->cmsg_type;
        if (each->cmsg_level == IPPROTO_IP && type == IP_TOS) {
            info.ecn = mark_of(value_of<std::uint8_t>(*each));
        } else if (each->cmsg_level == IPPROTO_IPV6 && type == IPV6_TCLASS) {
            info.ecn = mark_of(value_of<int>(*each));
        } else if (each->cmsg_level == IPPROTO_IP && type == IP_PKTINFO) {
            const auto packet = value_of<::in_pktinfo>(*each);
            info.interface = static_cast<unsigned>(packet.ipi_ifindex);
            info.local = address_of(packet.ipi_spec_dst);
        } else if (each->cmsg_level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
            const auto packet = value_of<::in6_pktinfo>(*each);
            info.interface = packet.ipi6_ifindex;
            // A version 4 packet brings both; the other one says it plainly.
            if (!IN6_IS_ADDR_V4MAPPED(&packet.ipi6_addr))
                info.local = address_of(packet.ipi6_addr, packet.ipi6_ifindex);
        } else if (each->cmsg_level == SOL_UDP && type == UDP_GRO) {
            info.segment_size = static_cast<std::size_t>(value_of<int>(*each));
        }
    }
}

received_datagram incoming_datagram::received(std::size_t full_size) const noexcept {
    received_datagram datagram;
    datagram.full_size = full_size;
    datagram.size = std::min(full_size, piece_.iov_len);
    // An unnamed sender is not told at all.
    if (message.msg_namelen != 0)
        datagram.info.peer = socket_address::from_native(name_, message.msg_namelen);
    read_control(message, datagram.info);
    return datagram;
}

outgoing_datagram::outgoing_datagram(std::span<const std::byte> bytes,
                                     const socket_address& to) noexcept
    // The kernel's structure serves both directions and so knows no const.
    : name_(to), piece_{const_cast<std::byte*>(bytes.data()), bytes.size()} {
    if (name_.family() != AF_UNSPEC) {
        message.msg_name = const_cast<::sockaddr*>(name_.data());
        message.msg_namelen = name_.size();
    }
    message.msg_iov = &piece_;
    message.msg_iovlen = 1;
}

template <class Value>
void outgoing_datagram::put(int level, int type, const Value& value) noexcept {
    const std::size_t at = message.msg_controllen;
    SPARGIO_ASSERT(at + CMSG_SPACE(sizeof value) <= control_.size());
    auto& header = *reinterpret_cast<::cmsghdr*>(control_.data() + at);
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(&header), &value, sizeof value);
    message.msg_control = control_.data();
    message.msg_controllen = at + CMSG_SPACE(sizeof value);
}

void outgoing_datagram::add(const datagram_info& info, bool version_4) noexcept {
    if (info.ecn) {
        const int mark = static_cast<int>(*info.ecn);
        put(version_4 ? IPPROTO_IP : IPPROTO_IPV6, version_4 ? IP_TOS : IPV6_TCLASS, mark);
    }
    if (info.local.family() == AF_UNSPEC && info.interface == 0)
        return;
    if (version_4) {
        ::in_pktinfo packet{};
        packet.ipi_ifindex = static_cast<int>(info.interface);
        packet.ipi_spec_dst = v4_of(info.local);
        put(IPPROTO_IP, IP_PKTINFO, packet);
    } else {
        ::in6_pktinfo packet{};
        packet.ipi6_ifindex = info.interface;
        if (info.local.family() == AF_INET6)
            packet.ipi6_addr = as_v6(info.local).sin6_addr;
        put(IPPROTO_IPV6, IPV6_PKTINFO, packet);
    }
}

void outgoing_datagram::add_segment_size(std::size_t size) noexcept {
    put(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(size));
}

}  // namespace spargio::detail
