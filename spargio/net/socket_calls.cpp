#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <limits>

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

result<void> apply(int socket, int family, const bind_options& options) noexcept {
    struct {
        bool wanted;
        int level;
        int name;
        std::size_t value;
    } const settings[] = {
        {options.reuse_address && family != AF_UNIX, SOL_SOCKET, SO_REUSEADDR, 1},
        {options.reuse_port, SOL_SOCKET, SO_REUSEPORT, 1},
        // Said either way: what is the default, the administrator decides.
        {family == AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, options.v6_only ? 1u : 0u},
        {options.receive_buffer != 0, SOL_SOCKET, SO_RCVBUF, options.receive_buffer},
        {options.send_buffer != 0, SOL_SOCKET, SO_SNDBUF, options.send_buffer},
    };
    for (const auto& each : settings) {
        if (!each.wanted)
            continue;
        if (auto set = set_option(socket, each.level, each.name, option_value(each.value)); !set)
            return set;
    }
    return {};
}

}  // namespace

int option_value(std::size_t value) noexcept {
    return static_cast<int>(
        std::min(value, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

result<void> set_option(int socket, int level, int option, int value) noexcept {
    if (::setsockopt(socket, level, option, &value, sizeof value) < 0)
        return failure(errno);
    return {};
}

result<int> option_of(int socket, int level, int option) noexcept {
    int value = 0;
    ::socklen_t size = sizeof value;
    if (::getsockopt(socket, level, option, &value, &size) < 0)
        return failure(errno);
    return value;
}

result<socket_address> local_address_of(int socket) noexcept {
    return address_by(::getsockname, socket);
}

result<socket_address> peer_address_of(int socket) noexcept {
    return address_by(::getpeername, socket);
}

result<descriptor> bound_socket(int type, const socket_address& address,
                                const bind_options& options) noexcept {
    descriptor socket(::socket(address.family(), type | SOCK_CLOEXEC, 0));
    if (!socket)
        return failure(errno);
    if (auto applied = apply(socket.get(), address.family(), options); !applied)
        return failure(applied.error());
    if (::bind(socket.get(), address.data(), address.size()) < 0)
        return failure(errno);
    return socket;
}

}  // namespace spargio::detail
