#include "spargio/net/unix_listener.hpp"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {
namespace {

/// Removes the path of a socket at which nobody listens. \return whether that is how it was.
bool removed_stale(const socket_address& address) {
    const std::string path(address.path());
    struct ::stat status {};
    // Where there is another kind of file connect(2) says the same as where nobody listens.
    if (path.empty() || ::lstat(path.c_str(), &status) < 0 || !S_ISSOCK(status.st_mode))
        return false;
    // Not blocking: a listener that lives may have a full backlog.
    const descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe || ::connect(probe.get(), address.data(), address.size()) == 0 ||
        errno != ECONNREFUSED)
        return false;
    return ::unlink(path.c_str()) == 0;
}

}  // namespace

result<unix_listener> unix_listener::bind(const socket_address& address,
                                          const unix_listen_options& options) {
    if (address.family() != AF_UNIX)
        return failure(EAFNOSUPPORT);
    auto socket = detail::bound_socket(SOCK_STREAM, address, {});
    if (!socket && socket.error() == std::errc::address_in_use && options.replace_stale &&
        removed_stale(address))
        socket = detail::bound_socket(SOCK_STREAM, address, {});
    if (!socket)
        return failure(socket.error());
    if (::listen(socket->get(), options.backlog) < 0)
        return failure(errno);
    return unix_listener(std::move(*socket));
}

result<unix_listener> unix_listener::from_fd(int number) {
    if (auto prepared = prepare_adopted(number); !prepared)
        return failure(prepared.error());
    return unix_listener(descriptor(number));
}

}  // namespace spargio
