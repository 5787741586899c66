#include "spargio/net/unix_datagram.hpp"

#include <cerrno>

#include "spargio/net/detail/bound_unix_socket.hpp"
#include "spargio/net/detail/pass_descriptors.hpp"

namespace spargio {

result<unix_datagram> unix_datagram::bind(const socket_address& address,
                                          const unix_bind_options& options) {
    auto socket = detail::bound_unix_socket(SOCK_DGRAM, address, options.replace_stale);
    if (!socket)
        return failure(socket.error());
    return unix_datagram(std::move(*socket));
}

result<unix_datagram> unix_datagram::unbound() {
    auto socket = open(AF_UNIX, SOCK_DGRAM);
    if (!socket)
        return failure(socket.error());
    return unix_datagram(std::move(*socket));
}

result<std::pair<unix_datagram, unix_datagram>> unix_datagram::pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0)
        return failure(errno);
    return std::pair(unix_datagram(descriptor(ends[0])), unix_datagram(descriptor(ends[1])));
}

result<unix_datagram> unix_datagram::from_fd(int number) {
    if (auto prepared = prepare_adopted(number); !prepared)
        return failure(prepared.error());
    return unix_datagram(descriptor(number));
}

task<result<std::size_t>> unix_datagram::send_with_descriptors(std::span<const std::byte> bytes,
                                                               std::span<const int> descriptors) {
    return detail::send_datagram_with_descriptors(*this, &writes_, bytes, descriptors);
}

task<result<received_with_descriptors>>
unix_datagram::receive_with_descriptors(std::span<std::byte> buffer, std::size_t most) {
    return detail::receive_with_descriptors(fd(), &reads_, buffer, most);
}

}  // namespace spargio
