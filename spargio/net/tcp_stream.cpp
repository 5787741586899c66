#include "spargio/net/tcp_stream.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

#include "spargio/net/detail/socket_calls.hpp"
#include "spargio/ring/ops/connect.hpp"

namespace spargio {

static_assert(static_cast<int>(shutdown_how::read) == SHUT_RD &&
              static_cast<int>(shutdown_how::write) == SHUT_WR &&
              static_cast<int>(shutdown_how::both) == SHUT_RDWR);

task<result<tcp_stream>> tcp_stream::connect(socket_address address, session_policy policy) {
    const auto home = policy.choose();
    if (!home)
        co_return failure(home.error());
    descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket)
        co_return failure(errno);
    const auto connected = co_await detail::await_operation<connect_operation>(
        detail::decode_nothing(), nullptr, socket.get(), address.data(), address.size());
    if (!connected)
        co_return failure(connected.error());
    tcp_stream stream(std::move(socket), *home);
    (void)stream.set_no_delay(true);
    co_return stream;
}

result<tcp_stream> tcp_stream::from_accepted(result<descriptor> accepted, session_policy policy) {
    if (!accepted)
        return failure(accepted.error());
    const auto home = policy.choose();
    if (!home)
        return failure(home.error());
    tcp_stream stream(std::move(*accepted), *home);
    (void)stream.set_no_delay(true);
    return stream;
}

result<tcp_stream> tcp_stream::from_fd(int number, session_policy policy) {
    const auto home = policy.choose();
    if (!home)
        return failure(home.error());
    const int flags = ::fcntl(number, F_GETFL);
    if (flags < 0 || ::fcntl(number, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
        ::fcntl(number, F_SETFD, FD_CLOEXEC) < 0)
        return failure(errno);
    return tcp_stream(descriptor(number), *home);
}

task<result<void>> tcp_stream::read_exact(std::span<std::byte> buffer) {
    while (!buffer.empty()) {
        const auto count = co_await read_some(buffer);
        if (!count)
            co_return failure(count.error());
        if (*count == 0)
            co_return failure(make_error_code(errc::end_of_stream));
        buffer = buffer.subspan(*count);
    }
    co_return result<void>{};
}

task<result<void>> tcp_stream::write_all(std::span<const std::byte> buffer) {
    while (!buffer.empty()) {
        const auto count = co_await write_some(buffer);
        if (!count)
            co_return failure(count.error());
        buffer = buffer.subspan(*count);
    }
    co_return result<void>{};
}

result<void> tcp_stream::set_no_delay(bool on) noexcept {
    return detail::set_option(fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

result<socket_address> tcp_stream::local_address() const noexcept {
    return detail::local_address_of(fd());
}

result<socket_address> tcp_stream::peer_address() const noexcept {
    return detail::peer_address_of(fd());
}

}  // namespace spargio
