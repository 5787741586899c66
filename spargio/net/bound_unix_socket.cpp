#include "spargio/net/detail/bound_unix_socket.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio::detail {
namespace {

/// Removes the path of a socket that has gone. \return whether that is how it was.
bool removed_stale(int type, const socket_address& address) noexcept {
    std::array<char, socket_address::most_unix_bytes + 1> path{};
    address.path().copy(path.data(), socket_address::most_unix_bytes);
    struct ::stat status {};
    // Where there is another kind of file connect(2) says the same as where nobody listens.
    if (path[0] == 0 || ::lstat(path.data(), &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    // Not blocking: a listener that lives may have a full backlog.
    const descriptor probe(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe || ::connect(probe.get(), address.data(), address.size()) == 0 ||
        errno != ECONNREFUSED)
        return false;
    return ::unlink(path.data()) == 0;
}

}  // namespace

result<descriptor> bound_unix_socket(int type, const socket_address& address,
                                     bool replace_stale) noexcept {
    if (address.family() != AF_UNIX)
        return failure(EAFNOSUPPORT);
    auto socket = bound_socket(type, address, {});
    if (!socket && socket.error() == std::errc::address_in_use && replace_stale &&
        removed_stale(type, address))
        socket = bound_socket(type, address, {});
    return socket;
}

}  // namespace spargio::detail
