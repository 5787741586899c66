#include "spargio/net/tcp_listener.hpp"

#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {

result<tcp_listener> tcp_listener::bind(const socket_address& address,
                                        const listen_options& options) {
    descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket)
        return failure(errno);
    if (options.reuse_address) {
        if (auto set = detail::set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1); !set)
            return failure(set.error());
    }
    if (options.reuse_port) {
        if (auto set = detail::set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1); !set)
            return failure(set.error());
    }
    if (::bind(socket.get(), address.data(), address.size()) < 0 ||
        ::listen(socket.get(), options.backlog) < 0)
        return failure(errno);
    return tcp_listener(std::move(socket));
}

task<result<tcp_stream>> tcp_listener::accept(session_policy policy) {
    const auto home = policy.choose();
    if (!home)
        co_return failure(home.error());
    const auto accepted =
        co_await detail::await_operation<accept_operation>(detail::decode_count(), nullptr, fd());
    if (!accepted)
        co_return failure(accepted.error());
    tcp_stream stream(descriptor(static_cast<int>(*accepted)), *home);
    (void)stream.set_no_delay(true);
    co_return stream;
}

result<tcp_accept_stream> tcp_listener::accept_many(session_policy policy) const {
    if (const auto home = policy.choose(); !home)
        return failure(home.error());
    return tcp_accept_stream(fd(), policy);
}

result<socket_address> tcp_listener::local_address() const noexcept {
    return detail::local_address_of(fd());
}

}  // namespace spargio
