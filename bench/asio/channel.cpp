#include "bench/common/channel.hpp"

#include <atomic>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <vector>

#include "bench/asio/join_point.hpp"
#include "bench/asio/pool.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

using number_channel =
    asio::experimental::concurrent_channel<pool_executor,
                                           void(boost::system::error_code, std::uint64_t)>;

constexpr auto no_more = ~std::uint64_t{0};

auto send_share(number_channel& to, std::atomic<unsigned>& senders, std::uint64_t first,
                std::uint64_t last) -> pool_awaitable<std::uint64_t> {
    for (std::uint64_t item = first; item < last; ++item)
        co_await to.async_send({}, item, use_pool);
    // close() would lose what is still in the channel: the last sender tells each receiver.
    if (--senders == 0) {
        for (unsigned k = 0; k < channel_senders; ++k)
            co_await to.async_send({}, no_more, use_pool);
    }
    co_return 0;
}

auto receive_all(number_channel& from) -> pool_awaitable<std::uint64_t> {
    std::uint64_t sum = 0;
    while (true) {
        const std::uint64_t item = co_await from.async_receive(use_pool);
        if (item == no_more)
            co_return sum;
        sum += received_value(item);
    }
}

class channel final : public scenario {
public:
    explicit channel(const surroundings& /*unused*/) {}
    void run(recorder& r) override { pool_.run(sample(r)); }

private:
    auto sample(recorder& r) -> pool_awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            r.begin();
            const std::uint64_t sum = co_await once(r.items());
            r.lap();
            r.end(sum);
        }
    }

    auto once(std::uint64_t items) -> pool_awaitable<std::uint64_t> {
        number_channel numbers(pool_.get_executor(), channel_capacity);
        std::atomic<unsigned> senders = channel_senders;
        std::vector<std::uint64_t> sums(2 * channel_senders);
        join_point<pool_executor> all(2 * channel_senders);
        for (unsigned k = 0; k < channel_senders; ++k) {
            asio::co_spawn(pool_.get_executor(), receive_all(numbers), all.keep(sums[2 * k]));
            asio::co_spawn(
                pool_.get_executor(),
                send_share(numbers, senders, first_item(items, k), first_item(items, k + 1)),
                all.keep(sums[2 * k + 1]));
        }
        if (!all.all_arrived())
            co_await all.wait();
        std::uint64_t sum = 0;
        for (const std::uint64_t each : sums)
            sum += each;
        co_return sum;
    }

    pinned_pool pool_{2};
};

}  // namespace

auto channel_entries() -> std::vector<entry> {
    return {{"channel_mpmc_1m", BENCH_ASIO_VARIANT, pool_blocks,
             "thread_pool, one thread on CPU 0, one on CPU 1", make_scenario<channel>}};
}

}  // namespace bench::asio_peer
