// A TCP echo for many connections that are mostly silent. One armed request accepts them all, a
// connection that waits holds no buffer, and what arrives lies in a buffer of the shard's until it
// has been sent back, uncopied. Who says nothing for a while is cut off.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "spargio/net/tcp_listener.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

spargio::task<> echo(spargio::tcp_stream client, std::chrono::milliseconds patience) {
    auto received = spargio::value_or_throw(client.receive_leases());
    for (;;) {
        auto lease = co_await spargio::timeout(patience, received.next());
        if (!lease || lease->empty()) {
            co_return;  // silent for too long, broken, or finished
        }
        auto sent = co_await client.write_all(lease->bytes());
        if (!sent) {
            co_return;
        }
    }
}

spargio::task<> serve(std::chrono::milliseconds patience) {
    auto any_port = spargio::socket_address::loopback_v4(0);
    auto listener = value_or_throw(spargio::tcp_listener::bind(any_port));
    auto clients = value_or_throw(listener.accept_many());
    auto address = value_or_throw(listener.local_address());
    std::printf("say something: nc 127.0.0.1 %d\n", address.port());
    std::fflush(stdout);
    for (;;) {
        auto client = co_await clients.next();
        if (!client) {
            // No descriptor is left, mostly: the next try would fail too, until a client leaves.
            std::fprintf(stderr, "not accepted: %s\n", client.error().message().c_str());
            auto waited = co_await spargio::sleep_for(std::chrono::milliseconds(100));
            if (!waited) {
                co_return;
            }
            continue;
        }
        // One that is refused, because there are too many tasks, is closed.
        (void)spargio::this_shard::spawn(echo(std::move(*client), patience));
    }
}

int main(int argc, char** argv) {
    const int milliseconds = argc == 2 ? std::atoi(argv[1]) : 0;
    if (milliseconds <= 0) {
        std::fprintf(stderr, "leased_echo MILLISECONDS\n");
        return 2;
    }
    spargio::run([milliseconds] { return serve(std::chrono::milliseconds(milliseconds)); });
}
