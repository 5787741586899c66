#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/mixing.hpp"

namespace bench::asio_peer {
namespace {

/// Posts the message to `to`, whose queue holds it when post() returns: that is the ticket. The
/// handler on the other context posts the acknowledgement back to the awaiting coroutine. A pair of
/// concurrent_channels was no faster.
template <class Token>
auto async_ask(executor to, std::uint32_t tag, std::uint64_t value, Token&& token) {
    return asio::async_initiate<Token, void(std::uint64_t)>(
        [](auto handler, executor target, std::uint32_t t, std::uint64_t v) {
            asio::post(target, [handler = std::move(handler), t, v]() mutable {
                const std::uint64_t reply = ping_chain::answer(t, v);
                const auto home = asio::get_associated_executor(handler);
                asio::post(home, [handler = std::move(handler), reply]() mutable {
                    std::move(handler)(reply);
                });
            });
        },
        token, to, tag, value);
}

auto round_trips(recorder& r, executor server, ping_chain& chain, bool laps) -> awaitable<> {
    for (std::uint64_t i = 1; i <= r.items(); ++i) {
        const auto tag = static_cast<std::uint32_t>(i);
        chain.acknowledged(tag, co_await async_ask(server, tag, chain.value, use_awaitable));
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
