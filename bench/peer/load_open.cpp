#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "bench/peer/load.hpp"
#include "bench/peer/load_socket.hpp"

namespace bench::load {
namespace {

// Requests of the first part of the schedule are answered but not counted.
constexpr std::uint64_t warm_up_ns = 50'000'000;

struct planned {
    std::uint64_t at_ns = 0;  ///< from the start
    std::uint32_t connection = 0;
    std::uint32_t stall_us = 0;
};

/// Points of a Poisson process, the same for the same seed.
class poisson {
public:
    poisson(std::uint64_t seed, double per_second) : state_(mix(seed, 7)), mean_(1e9 / per_second) {
        next();
    }
    [[nodiscard]] auto at_ns() const -> std::uint64_t { return static_cast<std::uint64_t>(at_); }
    void next() {
        state_ = mix(state_, 1);
        const double uniform = (static_cast<double>(state_ >> 11U) + 1) * 0x1p-53;
        at_ -= std::log(uniform) * mean_;
    }

private:
    std::uint64_t state_;
    double mean_;
    double at_ = 0;
};

/// Every connection's requests are a Poisson process, and its stalls another: each falls to the
/// first request that follows it.
auto plan(const options& o) -> std::vector<planned> {
    const auto connections = static_cast<double>(o.connections);
    const std::uint64_t end = o.duration_ms * 1'000'000;
    const double stalls_a_second = o.stall_us == 0
                                       ? 0
                                       : static_cast<double>(o.workers * o.stuck_percent) * 1e4 /
                                             static_cast<double>(o.stall_us);
    std::vector<planned> all;
    for (std::uint32_t c = 0; c < o.connections; ++c) {
        poisson requests(mix(o.seed, 2ULL * c), static_cast<double>(o.rate) / connections);
        poisson stalls(mix(o.seed, 2ULL * c + 1), std::max(stalls_a_second, 1e-6) / connections);
        for (; requests.at_ns() < end; requests.next()) {
            planned p{requests.at_ns(), c, 0};
            if (stalls.at_ns() <= p.at_ns) {
                p.stall_us = static_cast<std::uint32_t>(o.stall_us);
                stalls.next();
            }
            all.push_back(p);
        }
    }
    std::sort(all.begin(), all.end(), [](const planned& a, const planned& b) {
        return a.at_ns != b.at_ns ? a.at_ns < b.at_ns : a.connection < b.connection;
    });
    return all;
}

struct client {
    connection socket;
    std::deque<std::uint64_t> under_way{};
};

}  // namespace

// A request leaves at its time whatever became of those before it, and its latency counts from that
// time, also when it left late: what a stuck server keeps others from sending is in the figures.
auto open(const options& o) -> tally {
    const std::vector<planned> schedule = plan(o);
    tally t;
    poller ready;
    auto clients = connect_clients<client>(o.port, o.connections, ready);

    const deadline limit;
    const std::uint64_t start = now_ns() + 1'000'000;
    const auto replied = [&](client& c, const served_frame& reply) {
        const std::uint64_t number = c.under_way.front();
        c.under_way.pop_front();
        expect(reply, number);
        const planned& p = schedule[number];
        const std::uint64_t now = now_ns();
        t.fold(number);
        ++t.requests_by[reply.served_by];
        if (p.stall_us == 0 && p.at_ns >= warm_up_ns) {
            const std::uint64_t took = now - start - p.at_ns;
            t.latencies.record(took);
            t.total_ns += took;
            ++t.iterations;
        }
    };

    std::size_t sent = 0;
    std::size_t answered = 0;
    while (answered < schedule.size()) {
        std::uint64_t now = now_ns();
        limit.check(now);
        for (; sent < schedule.size() && start + schedule[sent].at_ns <= now; ++sent) {
            const planned& p = schedule[sent];
            client& c = clients[p.connection];
            c.under_way.push_back(sent);
            c.socket.send(sent, p.stall_us);
            now = now_ns();
            t.lateness.record(now - start - p.at_ns);
        }
        const std::uint64_t due = sent < schedule.size() ? start + schedule[sent].at_ns : now;
        const std::uint64_t patience =
            sent < schedule.size() ? (due > now ? due - now : 0) : 1'000'000'000;
        for (const epoll_event& e : ready.wait(patience)) {
            client& c = clients[e.data.u32];
            c.socket.receive([&](const served_frame& reply) {
                replied(c, reply);
                ++answered;
            });
        }
    }
    t.elapsed_ns = now_ns() - start;
    return t;
}

}  // namespace bench::load
