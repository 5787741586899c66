#include "bench/common/mixing.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/remote_shard.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace bench::own {
namespace {

auto receiver(std::uint64_t messages) -> spargio::task<> {
    for (; messages != 0; --messages) {
        const spargio::message m = check(co_await spargio::this_shard::next_event());
        check(spargio::this_shard::remote(m.source).send_raw_nowait(
            m.tag, ping_chain::answer(m.tag, m.value)));
    }
}

/// The send is ready once the other shard's mailbox holds the message: that is the ticket.
auto round_trips(recorder& r, ping_chain& chain, bool laps) -> spargio::task<> {
    auto server = spargio::this_shard::remote(1);
    for (std::uint64_t i = 1; i <= r.items(); ++i) {
        check(co_await server.send_raw(static_cast<std::uint32_t>(i), chain.value));
        const spargio::message m = check(co_await spargio::this_shard::next_event());
        chain.acknowledged(m.tag, m.value);
        if (laps)
            r.lap();
    }
}

auto sample(recorder& r) -> spargio::task<> {
    for (unsigned k = 0; k < r.iterations(); ++k) {
        ping_chain chain;
        r.begin();
        co_await round_trips(r, chain, true);
        r.end(chain.sum);
    }
}

class ping_pong final : public scenario {
public:
    explicit ping_pong(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        auto answering = check(runtime_.handle().spawn(spargio::placement::pinned(1),
                                                       receiver(r.items() * r.iterations())));
        runtime_.block_on(sample(r));
        answering.wait();
    }

private:
    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

class cold_start final : public scenario {
public:
    explicit cold_start(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            ping_chain chain;
            r.begin();
            {
                auto runtime = build_shards({client_cpu, server_cpu});
                check(runtime.handle().spawn(spargio::placement::pinned(1), receiver(r.items())))
                    .detach();
                runtime.block_on(round_trips(r, chain, false));
            }
            r.lap();
            r.end(chain.sum);
        }
    }
};

}  // namespace

auto ping_pong_entries() -> std::vector<entry> {
    constexpr auto pins = "one shard on CPU 0, one on CPU 1";
    return {{"steady_ping_pong_rtt", "spargio", waits, pins, make_scenario<ping_pong>},
            {"cold_start_ping_pong", "spargio", waits, pins, make_scenario<cold_start>}};
}

}  // namespace bench::own
