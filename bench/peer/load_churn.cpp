#include <optional>
#include <vector>

#include "bench/peer/load.hpp"
#include "bench/peer/load_socket.hpp"

namespace bench::load {
namespace {

struct client {
    std::optional<connection> socket;
    std::uint64_t number = 0;
    std::uint64_t left = 0;
    std::uint64_t since_ns = 0;
    bool greeted = false;
};

}  // namespace

// `connections` clients side by side: connect, some requests one after the other, close, again. One
// connection in sixteen, by lot, makes many more requests than the others. The latency is that from
// before the connect to the first reply. The loopback shakes hands within connect(2), which
// therefore does not wait for the server, as long as its backlog holds all clients.
auto churn(const options& o) -> tally {
    tally t;
    poller ready;
    std::vector<client> clients(o.connections);
    const deadline limit;
    std::uint64_t opened = 0;
    std::uint64_t request = 0;
    const auto connect = [&](client& c) {
        c.socket.reset();
        if (opened == o.count)
            return;
        ++opened;
        const bool is_long = mix(mix(o.seed, opened), opened) >> 60U == 0;
        c.left = is_long ? o.long_requests : o.short_requests;
        c.greeted = false;
        c.since_ns = now_ns();
        c.socket.emplace(o.port);
        ready.add(c.socket->fd(), static_cast<std::uint32_t>(&c - clients.data()));
        c.socket->send(c.number = ++request);
    };
    const auto replied = [&](client& c, const served_frame& reply) {
        expect(reply, c.number);
        t.fold(c.number);
        ++t.requests_by[reply.served_by];
        if (!c.greeted) {
            c.greeted = true;
            ++t.connections_by[reply.served_by];
            t.latencies.record(now_ns() - c.since_ns);
        }
        if (--c.left != 0)
            c.socket->send(c.number = ++request);
    };

    const std::uint64_t start = now_ns();
    for (client& c : clients)
        connect(c);
    while (t.iterations < o.count) {
        for (const epoll_event& e : ready.wait(1'000'000'000)) {
            client& c = clients[e.data.u32];
            c.socket->receive([&](const served_frame& reply) { replied(c, reply); });
            if (c.left == 0) {
                ++t.iterations;
                connect(c);
            }
        }
        limit.check(now_ns());
    }
    t.elapsed_ns = t.total_ns = now_ns() - start;
    return t;
}

}  // namespace bench::load
