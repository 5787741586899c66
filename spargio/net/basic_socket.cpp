#include "spargio/net/basic_socket.hpp"

#include <fcntl.h>
#include <netinet/in.h>

#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"

namespace spargio {
namespace {

result<std::size_t> size_of(const result<int>& option) {
    if (!option)
        return failure(option.error());
    return static_cast<std::size_t>(*option);
}

}  // namespace

result<socket_address> basic_socket::local_address() const noexcept {
    return detail::local_address_of(fd());
}

result<void> basic_socket::set_receive_buffer(std::size_t bytes) noexcept {
    return detail::set_option(fd(), SOL_SOCKET, SO_RCVBUF, detail::option_value(bytes));
}
result<void> basic_socket::set_send_buffer(std::size_t bytes) noexcept {
    return detail::set_option(fd(), SOL_SOCKET, SO_SNDBUF, detail::option_value(bytes));
}
result<std::size_t> basic_socket::receive_buffer() const noexcept {
    return size_of(detail::option_of(fd(), SOL_SOCKET, SO_RCVBUF));
}
result<std::size_t> basic_socket::send_buffer() const noexcept {
    return size_of(detail::option_of(fd(), SOL_SOCKET, SO_SNDBUF));
}

result<void> basic_socket::set_priority(unsigned priority) noexcept {
    return detail::set_option(fd(), SOL_SOCKET, SO_PRIORITY, detail::option_value(priority));
}

result<void> basic_socket::set_traffic_class(std::uint8_t byte) noexcept {
    const auto family = detail::option_of(fd(), SOL_SOCKET, SO_DOMAIN);
    if (!family)
        return failure(family.error());
    if (*family != AF_INET6)
        return detail::set_option(fd(), IPPROTO_IP, IP_TOS, byte);
    // A socket of version 6 may have version 4 peers; one that may not says so here, rightly.
    (void)detail::set_option(fd(), IPPROTO_IP, IP_TOS, byte);
    return detail::set_option(fd(), IPPROTO_IPV6, IPV6_TCLASS, byte);
}

result<std::uint8_t> basic_socket::traffic_class() const noexcept {
    const auto family = detail::option_of(fd(), SOL_SOCKET, SO_DOMAIN);
    if (!family)
        return failure(family.error());
    const bool version_6 = *family == AF_INET6;
    const auto byte = detail::option_of(fd(), version_6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                        version_6 ? IPV6_TCLASS : IP_TOS);
    if (!byte)
        return failure(byte.error());
    return static_cast<std::uint8_t>(*byte);
}

result<std::error_code> basic_socket::take_error() noexcept {
    const auto error = detail::option_of(fd(), SOL_SOCKET, SO_ERROR);
    if (!error)
        return failure(error.error());
    return std::error_code(*error, std::generic_category());
}

result<void> basic_socket::prepare_adopted(int number) noexcept {
    const int flags = ::fcntl(number, F_GETFL);
    if (flags < 0 || ::fcntl(number, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
        ::fcntl(number, F_SETFD, FD_CLOEXEC) < 0)
        return failure(errno);
    return {};
}

result<descriptor> basic_socket::open(int family, int type) noexcept {
    descriptor opened(::socket(family, type | SOCK_CLOEXEC, 0));
    if (!opened)
        return failure(errno);
    return opened;
}

}  // namespace spargio
