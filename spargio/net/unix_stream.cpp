#include "spargio/net/unix_stream.hpp"

#include <cerrno>

#include "spargio/net/detail/pass_descriptors.hpp"

namespace spargio {

result<std::pair<unix_stream, unix_stream>> unix_stream::pair(session_policy policy) {
    const auto home = policy.choose();
    if (!home)
        return failure(home.error());
    const auto other_home = policy.choose();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return failure(errno);
    return std::pair(unix_stream(descriptor(ends[0]), *home),
                     unix_stream(descriptor(ends[1]), *other_home));
}

task<result<std::size_t>> unix_stream::send_with_descriptors(std::span<const std::byte> bytes,
                                                             std::span<const int> descriptors) {
    SPARGIO_ASSERT(!bytes.empty());
    return detail::send_with_descriptors(fd(), &writes_, bytes, descriptors);
}

task<result<received_with_descriptors>>
unix_stream::receive_with_descriptors(std::span<std::byte> buffer, std::size_t most) {
    SPARGIO_ASSERT(!buffer.empty());
    return detail::receive_with_descriptors(fd(), &reads_, buffer, most);
}

result<peer_credentials> unix_stream::credentials_of_peer() const noexcept {
    ::ucred native{};
    ::socklen_t size = sizeof native;
    if (::getsockopt(fd(), SOL_SOCKET, SO_PEERCRED, &native, &size) < 0)
        return failure(errno);
    return peer_credentials{native.pid, native.uid, native.gid};
}

}  // namespace spargio
