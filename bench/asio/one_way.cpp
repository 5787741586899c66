#include "bench/common/one_way.hpp"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <vector>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

/// The other context's; only its thread touches it.
struct received {
    std::uint64_t sum = 0;
};

/// The barrier is a handler like the messages, behind them in the context's queue; its own posts
/// the acknowledgement back to the awaiting coroutine.
template <class Token>
auto async_barrier(executor to, received& there, std::uint64_t sum, Token&& token) {
    return asio::async_initiate<Token, void(std::uint64_t)>(
        [](auto handler, executor target, received* at, std::uint64_t told) {
            asio::post(target, [handler = std::move(handler), at, told]() mutable {
                const std::uint64_t reply = one_way::answer(at->sum, told);
                at->sum = 0;
                const auto home = asio::get_associated_executor(handler);
                asio::post(home, [handler = std::move(handler), reply]() mutable {
                    std::move(handler)(reply);
                });
            });
        },
        token, to, &there, sum);
}

auto send_singly(executor to, received& there, std::uint64_t items) -> std::uint64_t {
    std::uint64_t sum = 0;
    for (std::uint64_t k = 1; k <= items; ++k) {
        const std::uint64_t value = one_way::value(k);
        sum = one_way::add(sum, value);
        asio::post(to, [at = &there, value] { at->sum = one_way::add(at->sum, value); });
    }
    return sum;
}

auto send_lots(executor to, received& there, std::uint64_t items, std::uint64_t lot)
    -> std::uint64_t {
    std::uint64_t sum = 0;
    for (std::uint64_t k = 1; k <= items;) {
        std::vector<std::uint64_t> values(std::min(lot, items - k + 1));
        for (std::uint64_t& value : values) {
            value = one_way::value(k++);
            sum = one_way::add(sum, value);
        }
        asio::post(to, [at = &there, values = std::move(values)] {
            for (const std::uint64_t value : values)
                at->sum = one_way::add(at->sum, value);
        });
    }
    return sum;
}

/// `lot` 1: each message for itself; 0: all in one.
template <std::uint64_t lot>
class one_way_messages final : public scenario {
public:
    explicit one_way_messages(const surroundings& /*unused*/) {}
    void run(recorder& r) override { client_.run(sample(r, server_.get_executor(), received_)); }

private:
    static auto sample(recorder& r, executor server, received& there) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            r.begin();
            const std::uint64_t sum =
                lot == 1 ? send_singly(server, there, r.items())
                         : send_lots(server, there, r.items(), lot == 0 ? r.items() : lot);
            const std::uint64_t ack = co_await async_barrier(server, there, sum, use_awaitable);
            r.lap();
            r.end(ack);
        }
    }

    received received_;
    context_thread server_{server_cpu};
    context_thread client_{client_cpu};
};

}  // namespace

auto one_way_entries() -> std::vector<entry> {
    constexpr auto wait = BENCH_ASIO_BLOCKS;
    constexpr auto pins = "two io_contexts, one thread on CPU 0, one on CPU 1";
    return {{"steady_one_way_send_drain", BENCH_ASIO_VARIANT, wait, pins,
             make_scenario<one_way_messages<1>>},
            {"steady_one_way_batched", BENCH_ASIO_VARIANT, wait, pins,
             make_scenario<one_way_messages<one_way::lot>>},
            {"steady_one_way_batched_all", BENCH_ASIO_VARIANT, wait, pins,
             make_scenario<one_way_messages<0>>}};
}

}  // namespace bench::asio_peer
