#include "spargio/testing/socket_pair.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace spargio::testing {
namespace {

void close_all(std::initializer_list<int> descriptors) noexcept {
    for (const int descriptor : descriptors) {
        if (descriptor >= 0)
            ::close(descriptor);
    }
}

void set(int descriptor, int level, int name, int value) noexcept {
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

}  // namespace

result<socket_pair> socket_pair::unix_stream() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return failure(errno);
    return socket_pair(ends[0], ends[1]);
}

result<socket_pair> socket_pair::tcp(int buffer_bytes) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int first = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (buffer_bytes != 0) {
        // Before the connection: accepted sockets inherit it, and the window follows it.
        for (const int descriptor : {listener, first}) {
            set(descriptor, SOL_SOCKET, SO_SNDBUF, buffer_bytes);
            set(descriptor, SOL_SOCKET, SO_RCVBUF, buffer_bytes);
        }
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    int second = -1;
    if (::bind(listener, generic, size) == 0 && ::listen(listener, 1) == 0 &&
        ::getsockname(listener, generic, &size) == 0 && ::connect(first, generic, size) == 0)
        second = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (second < 0) {
        const int error = errno;
        close_all({listener, first});
        return failure(error);
    }
    close_all({listener});
    for (const int descriptor : {first, second})
        set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    return socket_pair(first, second);
}

socket_pair::~socket_pair() {
    close_all({first_, second_});
}

}  // namespace spargio::testing
