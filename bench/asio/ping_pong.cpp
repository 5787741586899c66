#include "bench/asio/ask.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/mixing.hpp"

namespace bench::asio_peer {
namespace {

auto round_trips(recorder& r, executor server, ping_chain& chain, bool laps) -> awaitable<> {
    for (std::uint64_t i = 1; i <= r.items(); ++i) {
        const auto tag = static_cast<std::uint32_t>(i);
        // That post() returned is the ticket.
        const auto answer = [tag, value = chain.value] { return ping_chain::answer(tag, value); };
        chain.acknowledged(tag, co_await async_ask(server, answer, use_awaitable));
        if (laps)
            r.lap();
    }
}

class ping_pong final : public scenario {
public:
    explicit ping_pong(const surroundings& /*unused*/) {}
    void run(recorder& r) override { client_.run(sample(r, server_.get_executor())); }

private:
    static auto sample(recorder& r, executor server) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            ping_chain chain;
            r.begin();
            co_await round_trips(r, server, chain, true);
            r.end(chain.sum);
        }
    }

    context_thread server_{server_cpu};
    context_thread client_{client_cpu};
};

/// Two contexts and their threads are built, used and joined inside the timed region.
class cold_start final : public scenario {
public:
    explicit cold_start(const surroundings& /*unused*/) {}
    void run(recorder& r) override {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            ping_chain chain;
            r.begin();
            {
                context_thread server(server_cpu);
                context_thread client(client_cpu);
                client.run(round_trips(r, server.get_executor(), chain, false));
            }
            r.lap();
            r.end(chain.sum);
        }
    }
};

}  // namespace

auto ping_pong_entries() -> std::vector<entry> {
    constexpr auto pins = "two io_contexts, one thread on CPU 0, one on CPU 1";
    return {{"steady_ping_pong_rtt", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS, pins,
             make_scenario<ping_pong>},
            {"cold_start_ping_pong", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS, pins,
             make_scenario<cold_start>}};
}

}  // namespace bench::asio_peer
