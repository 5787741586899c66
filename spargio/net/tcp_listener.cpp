#include "spargio/net/tcp_listener.hpp"

#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {

result<tcp_listener> tcp_listener::bind(const socket_address& address,
                                        const listen_options& options) {
    if (address.family() != AF_INET && address.family() != AF_INET6)
        return failure(EAFNOSUPPORT);
    auto socket = detail::bound_socket(SOCK_STREAM, address,
                                       {.reuse_address = options.reuse_address,
                                        .reuse_port = options.reuse_port,
                                        .v6_only = options.v6_only,
                                        .receive_buffer = options.receive_buffer,
                                        .send_buffer = options.send_buffer});
    if (!socket)
        return failure(socket.error());
    if (::listen(socket->get(), options.backlog) < 0)
        return failure(errno);
    return tcp_listener(std::move(*socket));
}

result<tcp_listener> tcp_listener::from_fd(int number) {
    if (auto prepared = prepare_adopted(number); !prepared)
        return failure(prepared.error());
    return tcp_listener(descriptor(number));
}

result<tcp_accept_stream> tcp_listener::accept_many(session_policy policy) const {
    if (const auto home = policy.choose(); !home)
        return failure(home.error());
    return tcp_accept_stream(fd(), policy);
}

}  // namespace spargio
