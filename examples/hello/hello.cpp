// An echo server on all CPUs: one accept loop, a task for each client on a shard of its own.
#include <array>
#include <chrono>
#include <cstdio>

#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/sleep.hpp"

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
    auto listener = value_or_throw(spargio::tcp_listener::bind(any_port));
    auto address = value_or_throw(listener.local_address());
    std::printf("say something: nc 127.0.0.1 %d\n", address.port());
    std::fflush(stdout);
    for (;;) {
        auto policy = spargio::session_policy::round_robin();
        auto client = co_await listener.accept(policy);
        if (!client) {
            // No descriptor is left, mostly: the next try would fail too, until a client leaves.
            auto waited = co_await spargio::sleep_for(std::chrono::milliseconds(10));
            if (!waited) {
                co_return;
            }
            continue;
        }
        // One that is refused, because there are too many tasks, is closed.
        (void)std::move(*client).spawn_on_session(echo);
    }
}

int main() {
    spargio::run(serve);
}
