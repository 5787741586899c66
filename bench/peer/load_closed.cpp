#include <vector>

#include "bench/peer/load.hpp"
#include "bench/peer/load_socket.hpp"

namespace bench::load {
namespace {

struct client {
    connection socket;
    std::uint64_t number = 0;
    std::uint64_t sent_ns = 0;
};

}  // namespace

// Every connection has one request under way and takes the next from a common count: a sample ends
// for all of them at once, and a server that serves some faster is not measured by its slowest.
auto closed(const options& o) -> tally {
    tally t;
    poller ready;
    auto clients = connect_clients<client>(o.port, o.connections, ready);

    const deadline limit;
    std::uint64_t sent = 0;
    const std::uint64_t start = now_ns();
    const auto next = [&](client& c, std::uint64_t now) {
        if (sent == o.count)
            return;
        c.number = ++sent;
        c.sent_ns = now;
        c.socket.send(c.number);
    };
    for (client& c : clients)
        next(c, now_ns());
    while (t.iterations < o.count) {
        for (const epoll_event& e : ready.wait(1'000'000'000)) {
            client& c = clients[e.data.u32];
            c.socket.receive([&](const served_frame& reply) {
                expect(reply, c.number);
                const std::uint64_t now = now_ns();
                t.latencies.record(now - c.sent_ns);
                t.fold(c.number);
                ++t.requests_by[reply.served_by];
                ++t.iterations;
                next(c, now);
            });
        }
        limit.check(now_ns());
    }
    t.elapsed_ns = t.total_ns = now_ns() - start;
    return t;
}

}  // namespace bench::load
