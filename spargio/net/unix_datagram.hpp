#pragma once

#include <utility>

#include "spargio/net/datagram_socket.hpp"
#include "spargio/net/descriptor_passing.hpp"

namespace spargio {

struct unix_bind_options {
    bool replace_stale = false;  ///< take the path over from a socket that ended without removing
                                 ///< it; one that lives keeps it
};

/// Datagrams within one machine, by a path or an abstract name; none is lost and their order stays.
/// A path stays when the socket goes. See datagram_socket for sending and receiving.
/// Limit: one descriptor; sending to a receiver whose queue is full waits, and takes another one as
/// long unless the receiver is the connected peer.
class unix_datagram final : public datagram_socket {
public:
    unix_datagram(unix_datagram&&) noexcept = default;
    unix_datagram& operator=(unix_datagram&&) noexcept = default;

    /// A socket at `address`. Does not wait. Errors: std::errc::address_in_use,
    /// no_such_file_or_directory, permission_denied, too_many_files_open,
    /// address_family_not_supported, ... Source: socket(2), bind(2), unix(7).
    [[nodiscard]] static result<unix_datagram> bind(const socket_address& address,
                                                    const unix_bind_options& options = {});
    /// A socket without address, which can send but not be answered.
    [[nodiscard]] static result<unix_datagram> unbound();
    /// Two sockets that are connected to each other. Source: socketpair(2).
    [[nodiscard]] static result<std::pair<unix_datagram, unix_datagram>> pair();
    /// Takes over a socket, which it makes blocking and close-on-exec. On an error `number` stays
    /// the caller's.
    [[nodiscard]] static result<unix_datagram> from_fd(int number);

    /// Sends `bytes` to the connected peer. \return their number. Errors: as send_to();
    /// std::errc::not_connected. \pre `bytes` outlive the await. Source: sendmsg(2).
    [[nodiscard]] task<result<std::size_t>> send(std::span<const std::byte> bytes) {
        return send_with_descriptors(bytes, {});
    }
    /// Sends `bytes` to the connected peer with copies of `descriptors`, which stay the caller's.
    /// \return bytes sent. Errors: those of send(); std::errc::invalid_argument past
    /// most_passed_descriptors, bad_file_descriptor, too_many_files_open (too many are on their
    /// way). \pre both outlive the await. Source: sendmsg(2), unix(7).
    [[nodiscard]] task<result<std::size_t>> send_with_descriptors(std::span<const std::byte> bytes,
                                                                  std::span<const int> descriptors);
    /// Receives one datagram and the descriptors that came with it, at most `most`. Errors:
    /// std::errc::invalid_argument when `most` is past most_passed_descriptors. \pre `buffer`
    /// outlives the await. Source: recvmsg(2), unix(7).
    [[nodiscard]] task<result<received_with_descriptors>>
    receive_with_descriptors(std::span<std::byte> buffer,
                             std::size_t most = most_passed_descriptors);

private:
    explicit unix_datagram(descriptor owned) noexcept : datagram_socket(std::move(owned), false) {}
};

}  // namespace spargio
