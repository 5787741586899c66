#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spargio/net/socket_address.hpp"

namespace spargio {

/// Explicit congestion notification, two bits of every packet. Source: RFC 3168.
enum class ecn_mark : std::uint8_t { not_capable = 0, capable_1 = 1, capable_0 = 2, congested = 3 };

/// What goes with a datagram beside its bytes. Of a received one: what the socket was asked to
/// tell. Of one to be sent: what is to be said; what is empty, the socket and the routes decide.
struct datagram_info {
    socket_address peer;     ///< where it came from, or goes; empty: the connected peer
    socket_address local;    ///< which of our addresses it came to, or leaves from; port 0
    unsigned interface = 0;  ///< number of the network interface it came in by, or leaves by
    std::optional<ecn_mark> ecn;
    std::size_t segment_size = 0;  ///< it is several datagrams in a row, all this long but the
                                   ///< last; 0: it is one
};

/// Room for the control messages by which a socket tells all of that, in both versions.
inline constexpr std::size_t datagram_info_bytes = 256;

/// How much of a datagram is in the buffer.
struct datagram_size {
    std::size_t size = 0;       ///< bytes in the buffer
    std::size_t full_size = 0;  ///< bytes it had: more when the buffer was too small for it
    [[nodiscard]] bool truncated() const noexcept { return full_size > size; }
};

struct received_datagram : datagram_size {
    datagram_info info;
};

}  // namespace spargio
