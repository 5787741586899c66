// An echo server on all CPUs: a listener a shard at one address, and a task for each client on the
// shard whose listener it reached.
#include <array>
#include <cstdio>

#include "spargio/net/tcp_listener_group.hpp"
#include "spargio/runtime/run.hpp"

spargio::task<> echo(spargio::tcp_stream client) {
    std::array<std::byte, 4096> buffer;
    for (;;) {
        auto size = co_await client.read_some(buffer);
        if (!size || *size == 0) {
            co_return;
        }
        auto sent = co_await client.write_all(std::span(buffer).first(*size));
        if (!sent) {
            co_return;
        }
    }
}

spargio::task<> serve() {
    auto any_port = spargio::socket_address::loopback_v4(0);
    auto listeners = value_or_throw(spargio::tcp_listener_group::bind(any_port));
    auto address = value_or_throw(listeners.local_address());
    std::printf("say something: nc 127.0.0.1 %d\n", address.port());
    std::fflush(stdout);
    spargio::value_or_throw(co_await listeners.serve(echo));
}

int main() {
    spargio::run(serve);
}
