#include "spargio/net/unix_listener.hpp"

#include <cerrno>

#include "spargio/net/detail/bound_unix_socket.hpp"

namespace spargio {

result<unix_listener> unix_listener::bind(const socket_address& address,
                                          const unix_listen_options& options) {
    auto socket = detail::bound_unix_socket(SOCK_STREAM, address, options.replace_stale);
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
