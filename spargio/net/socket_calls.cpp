#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio::detail {
namespace {

result<socket_address> address_by(int (*call)(int, ::sockaddr*, ::socklen_t*), int socket) {
    ::sockaddr_storage native{};
    ::socklen_t size = sizeof native;
    if (call(socket, reinterpret_cast<::sockaddr*>(&native), &size) < 0)
        return failure(errno);
    return socket_address::from_native(native, size);
}

}  // namespace

result<void> set_option(int socket, int level, int option, int value) noexcept {
    if (::setsockopt(socket, level, option, &value, sizeof value) < 0)
        return failure(errno);
    return {};
}

result<socket_address> local_address_of(int socket) noexcept {
    return address_by(::getsockname, socket);
}

result<socket_address> peer_address_of(int socket) noexcept {
    return address_by(::getpeername, socket);
}

}  // namespace spargio::detail
