#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>

#include "spargio/net/datagram_info.hpp"

namespace spargio::detail {

/// Fills `info` from the control messages of a received `message`.
void read_control(const ::msghdr& message, datagram_info& info) noexcept;

/// A datagram to be received: the message, and all it points to.
class incoming_datagram {
public:
    /// `asks`: for what comes beside the bytes, too.
    incoming_datagram(std::span<std::byte> buffer, bool asks) noexcept
        : piece_{buffer.data(), buffer.size()} {
        message.msg_name = &name_;
        message.msg_namelen = sizeof name_;
        message.msg_iov = &piece_;
        message.msg_iovlen = 1;
        if (!asks)
            return;
        message.msg_control = control_.data();
        message.msg_controllen = control_.size();
    }
    incoming_datagram(const incoming_datagram&) = delete;
    incoming_datagram& operator=(const incoming_datagram&) = delete;

    /// What came, after the kernel said that it had `full_size` bytes.
    [[nodiscard]] received_datagram received(std::size_t full_size) const noexcept;

    ::msghdr message{};

private:
    ::sockaddr_storage name_{};
    ::iovec piece_;
    alignas(::cmsghdr) std::array<std::byte, datagram_info_bytes> control_;
};

/// A datagram to be sent, or several in a row.
class outgoing_datagram {
public:
    outgoing_datagram(std::span<const std::byte> bytes, const socket_address& to) noexcept;
    outgoing_datagram(const outgoing_datagram&) = delete;
    outgoing_datagram& operator=(const outgoing_datagram&) = delete;

    [[nodiscard]] static bool says_more_than_peer(const datagram_info& info) noexcept {
        return info.ecn || info.interface != 0 || info.local.family() != AF_UNSPEC;
    }
    /// Adds what `info` says beside the peer and the segments. `version_4`: what the packets will
    /// be.
    void add(const datagram_info& info, bool version_4) noexcept;
    /// Has the kernel cut it into datagrams of `size` bytes.
    void add_segment_size(std::size_t size) noexcept;

    ::msghdr message{};

private:
    template <class Value>
    void put(int level, int type, const Value& value) noexcept;

    socket_address name_;
    ::iovec piece_;
    alignas(::cmsghdr) std::array<std::byte, 128> control_{};
};

/// Whether packets to `address` are of version 4, though a socket of version 6 sends them.
[[nodiscard]] bool is_version_4(const socket_address& address) noexcept;

}  // namespace spargio::detail
