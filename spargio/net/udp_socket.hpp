#pragma once

#include "spargio/net/datagram_socket.hpp"
#include "spargio/ring/ops/send.hpp"

namespace spargio {

/// Datagrams over the internet protocols; see datagram_socket for the plain forms.
/// Limit: one descriptor; what comes while nobody receives waits in the kernel's receive buffer,
/// and is dropped past it.
class udp_socket final : public datagram_socket {
public:
    udp_socket(udp_socket&&) noexcept = default;
    udp_socket& operator=(udp_socket&&) noexcept = default;

    /// A socket at `address`; port 0 takes a free one. Does not wait. Errors:
    /// std::errc::address_in_use, address_not_available, permission_denied, too_many_files_open,
    /// address_family_not_supported, ... Source: socket(2), bind(2), udp(7).
    [[nodiscard]] static result<udp_socket> bind(const socket_address& address,
                                                 const bind_options& options = {});
    /// A socket without address, of the version `peer` has; it gets one when it sends or connects.
    [[nodiscard]] static result<udp_socket> open_for(const socket_address& peer);
    /// Takes over a socket, which it makes blocking and close-on-exec. On an error `number` stays
    /// the caller's.
    [[nodiscard]] static result<udp_socket> from_fd(int number);

    /// Sends `bytes` to the connected peer. \return their number. Errors: as send_to();
    /// std::errc::destination_address_required. \pre `bytes` outlive the await. Source: send(2).
    [[nodiscard]] auto send(std::span<const std::byte> bytes) noexcept {
        return detail::await_operation<send_operation>(detail::decode_count(), &writes_, fd(),
                                                       bytes);
    }
    /// Sends `bytes` with what `info` says. With a segment size they are cut into datagrams of that
    /// many bytes, any number of them, by the kernel or the network card if these can, one by one
    /// otherwise; which it is is remembered.
    /// \return bytes sent: all, or the datagrams before the one that met an error or a stop
    /// request; the error when there is none before it. Errors: as send_to().
    /// \pre `bytes` outlive the await. Source: sendmsg(2), udp(7) UDP_SEGMENT, ip(7), ipv6(7).
    [[nodiscard]] task<result<std::size_t>> send_message(std::span<const std::byte> bytes,
                                                         datagram_info info);
    /// The most bytes and datagrams handed to the kernel at once.
    static constexpr std::size_t most_bytes_at_once = 65'507;
    static constexpr std::size_t most_segments_at_once = 64;
    /// Whether the kernel cuts; false since it has refused to.
    [[nodiscard]] bool segmentation_offloaded() const noexcept { return offloads_; }
    /// Cut one by one, or have it tried again.
    void set_segmentation_offload(bool on) noexcept { offloads_ = on; }

    // --- what recv_from() tells beside the bytes -------------------------------------------------

    /// datagram_info::ecn (IP_RECVTOS, IPV6_RECVTCLASS).
    result<void> set_receive_ecn(bool on) noexcept;
    /// datagram_info::local and interface (IP_PKTINFO, IPV6_RECVPKTINFO).
    result<void> set_receive_local(bool on) noexcept;
    /// Datagrams of one sender, that come in a row and are equally long, may come as one, which
    /// datagram_info::segment_size tells; the buffer should have room for 64 KiB. Error:
    /// std::errc::no_protocol_option where the kernel has it not: go on without (UDP_GRO).
    result<void> set_receive_coalesced(bool on) noexcept;
    /// Whether datagrams may go to a broadcast address (SO_BROADCAST).
    result<void> set_broadcast(bool on) noexcept;

private:
    explicit udp_socket(descriptor owned) noexcept : datagram_socket(std::move(owned), true) {}

    /// Which version's control messages the packets want, as far as any are.
    [[nodiscard]] result<bool> speaks_version_4(const datagram_info& info) const noexcept;
    result<void> set_of_both_versions(int v4_option, int v6_option, bool on) noexcept;

    bool offloads_ = true;
};

}  // namespace spargio
