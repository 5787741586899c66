// The other end of every client-side socket workload: one plain blocking thread a connection, all
// of them on CPU 1, in a process of its own, the same for every variant. Prints its port, serves
// until standard input ends.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "bench/common/pin.hpp"

namespace {

void echo(int fd) {
    bench::pin_to(bench::server_cpu);
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0)
            break;
        for (ssize_t sent = 0; sent < got;) {
            const ssize_t n = ::send(fd, buffer.data() + sent, static_cast<std::size_t>(got - sent),
                                     MSG_NOSIGNAL);
            if (n <= 0)
                break;
            sent += n;
        }
    }
    ::close(fd);
}

[[noreturn]] void serve(int listener) {
    for (;;) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0)
            std::thread(echo, fd).detach();
    }
}

}  // namespace

auto main() -> int {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (listener < 0 || ::bind(listener, address, size) != 0 || ::listen(listener, 1024) != 0 ||
        ::getsockname(listener, address, &size) != 0) {
        std::perror("bench_peer");
        return 1;
    }
    std::thread(serve, listener).detach();
    std::printf("%u\n", static_cast<unsigned>(ntohs(at.sin_port)));
    std::fflush(stdout);
    char ignored = 0;
    while (::read(STDIN_FILENO, &ignored, 1) > 0) {
    }
    std::_Exit(0);
}
