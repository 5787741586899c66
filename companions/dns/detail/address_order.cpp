#include "companions/dns/detail/address_order.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <tuple>

#include "companions/dns/detail/with_port.hpp"
#include "spargio/io/descriptor.hpp"

namespace spargio::dns::detail {
namespace {

using bytes_of_v6 = std::array<std::uint8_t, 16>;

/// The address; one of version 4 as the mapped one of version 6.
bytes_of_v6 bytes_of(const socket_address& address) noexcept {
    bytes_of_v6 bytes{};
    if (address.family() == AF_INET) {
        bytes[10] = bytes[11] = 0xff;
        const auto& native = *reinterpret_cast<const ::sockaddr_in*>(address.data());
        std::memcpy(bytes.data() + 12, &native.sin_addr, 4);
    } else {
        const auto& native = *reinterpret_cast<const ::sockaddr_in6*>(address.data());
        std::memcpy(bytes.data(), &native.sin6_addr, bytes.size());
    }
    return bytes;
}

/// Leading bits the two have in common, at most `most`.
unsigned common_bits(const bytes_of_v6& left, const bytes_of_v6& right, unsigned most) noexcept {
    unsigned count = 0;
    for (std::size_t at = 0; count < most; ++at) {
        const auto differs = static_cast<std::uint8_t>(left[at] ^ right[at]);
        count += static_cast<unsigned>(std::countl_zero(differs));
        if (differs != 0)
            break;
    }
    return std::min(count, most);
}

struct policy {
    bytes_of_v6 prefix;
    unsigned bits;
    int precedence;
    int label;
};

constexpr int most_precedence = 50;

// Source: RFC 6724 2.1. The first that fits is the longest that does.
constexpr policy policies[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, most_precedence, 0},  // ::1
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4},                      // version 4
    {{}, 96, 1, 3},             // ::/96, version 4 compatible
    {{0x20, 0x01}, 32, 5, 5},   // Teredo
    {{0x20, 0x02}, 16, 30, 2},  // 6to4
    {{0x3f, 0xfe}, 16, 1, 12},  // 6bone
    {{0xfe, 0xc0}, 10, 1, 11},  // site-local
    {{0xfc}, 7, 3, 13},         // unique local
    {{}, 0, 40, 1},
};

const policy& policy_of(const bytes_of_v6& address) noexcept {
    return *std::ranges::find_if(policies, [&](const policy& each) {
        return common_bits(address, each.prefix, each.bits) == each.bits;
    });
}

// Source: RFC 4291 2.7, RFC 6724 3.1 and 3.2.
constexpr unsigned link_scope = 2;
constexpr unsigned site_scope = 5;
constexpr unsigned global_scope = 14;

unsigned scope_of(const bytes_of_v6& address) noexcept {
    ::in6_addr native{};
    std::memcpy(&native, address.data(), address.size());
    if (IN6_IS_ADDR_MULTICAST(&native))
        return address[1] & 0xfu;
    if (IN6_IS_ADDR_V4MAPPED(&native)) {
        const bool is_local = address[12] == 127 || (address[12] == 169 && address[13] == 254);
        return is_local ? link_scope : global_scope;
    }
    if (IN6_IS_ADDR_LOOPBACK(&native) || IN6_IS_ADDR_LINKLOCAL(&native))
        return link_scope;
    return IN6_IS_ADDR_SITELOCAL(&native) ? site_scope : global_scope;
}

}  // namespace

preference preference_of(const socket_address& to,
                         const std::optional<socket_address>& source) noexcept {
    const bytes_of_v6 there = bytes_of(to);
    const policy& its = policy_of(there);
    preference rank{.unreachable = !source,
                    .precedence_below_most = most_precedence - its.precedence,
                    .scope = scope_of(there)};
    if (source) {
        const bytes_of_v6 here = bytes_of(*source);
        rank.scopes_differ = scope_of(here) != rank.scope;
        rank.labels_differ = policy_of(here).label != its.label;
        // Only what names the network: behind that every address would have a place of its own,
        // and servers that turn their answers around would do so in vain. Of version 4 nobody says
        // how much that is.
        constexpr unsigned bits_of_network = 64;
        if (to.family() == AF_INET6)
            rank.bits_that_differ = bits_of_network - common_bits(there, here, bits_of_network);
    }
    return rank;
}

std::optional<socket_address> source_towards(const socket_address& to) noexcept {
    const descriptor socket(::socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    constexpr std::uint16_t any_port = 65'535;
    const socket_address peer = with_port(to, any_port);
    ::sockaddr_storage native{};
    ::socklen_t size = sizeof native;
    if (!socket || ::connect(socket.get(), peer.data(), peer.size()) < 0 ||
        ::getsockname(socket.get(), reinterpret_cast<::sockaddr*>(&native), &size) < 0)
        return std::nullopt;
    return socket_address::from_native(native, size);
}

void put_in_order(std::vector<ranked_address>& addresses) {
    for (std::size_t place = 0; ranked_address & each : addresses)
        each.place = place++;
    std::ranges::sort(addresses, [](const ranked_address& left, const ranked_address& right) {
        return std::tie(left.rank, left.place) < std::tie(right.rank, right.place);
    });
}

std::vector<ranked_address> in_order(std::span<const socket_address> addresses, bool sorts) {
    std::vector<ranked_address> all;
    all.reserve(addresses.size());
    for (const socket_address& each : addresses)
        all.push_back({.address = each,
                       .rank = sorts ? preference_of(each, source_towards(each)) : preference()});
    put_in_order(all);
    return all;
}

}  // namespace spargio::dns::detail
