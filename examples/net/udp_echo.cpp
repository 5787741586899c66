// A UDP echo that answers from the address it was asked at, with the marks it was asked with. A row
// of datagrams that came as one goes back as one, cut again by the kernel where it can.
#include <cstdio>
#include <vector>

#include "spargio/net/udp_socket.hpp"
#include "spargio/runtime/run.hpp"

spargio::task<> serve() {
    auto any_port = spargio::socket_address::loopback_v4(0);
    auto socket = value_or_throw(spargio::udp_socket::bind(any_port));
    spargio::value_or_throw(socket.set_receive_ecn(true));
    spargio::value_or_throw(socket.set_receive_local(true));
    // Where the kernel has it not, datagrams come one by one.
    (void)socket.set_receive_coalesced(true);
    auto address = value_or_throw(socket.local_address());
    std::printf("say something: nc -u 127.0.0.1 %d\n", address.port());
    std::fflush(stdout);

    std::vector<std::byte> buffer(65'536);
    for (;;) {
        auto got = co_await socket.recv_from(buffer);
        if (!got) {
            continue;  // an earlier answer could not be delivered
        }
        // The interface is the route's business.
        got->info.interface = 0;
        auto sent = co_await socket.send_message(std::span(buffer).first(got->size), got->info);
        if (!sent) {
            std::fprintf(stderr, "no answer: %s\n", sent.error().message().c_str());
        }
    }
}

int main() {
    spargio::run(serve);
}
