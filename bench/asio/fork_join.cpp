#include "bench/common/fork_join.hpp"

#include <array>
#include <numeric>

#include "bench/asio/join_point.hpp"
#include "bench/asio/pool.hpp"
#include "bench/asio/scenarios.hpp"

namespace bench::asio_peer {
namespace {

/// Whether a call runs where it stands or goes through the pool's queue first, for any thread.
enum class call : bool { here, queued };

/// Forks one of the two calls and makes the other itself: with both forked it was slower.
auto fib(pool_executor pool, std::uint64_t n, call how) -> pool_awaitable<std::uint64_t> {
    if (how == call::queued)
        co_await asio::post(use_pool);
    if (n < 2)
        co_return n;
    std::uint64_t forked = 0;
    join_point<pool_executor> all(1);
    asio::co_spawn(pool, fib(pool, n - 1, call::queued), all.keep(forked));
    const std::uint64_t own = co_await fib(pool, n - 2, call::here);
    if (!all.all_arrived())
        co_await all.wait();
    co_return own + forked;
}

auto skynet(pool_executor pool, std::uint64_t first, std::uint64_t leaves, call how)
    -> pool_awaitable<std::uint64_t> {
    if (how == call::queued)
        co_await asio::post(use_pool);
    if (leaves == 1)
        co_return first;
    const std::uint64_t part = leaves / skynet_children;
    std::array<std::uint64_t, skynet_children> sums{};
    join_point<pool_executor> all(skynet_children);
    for (unsigned k = 0; k < skynet_children; ++k)
        asio::co_spawn(pool, skynet(pool, first + k * part, part, call::queued), all.keep(sums[k]));
    if (!all.all_arrived())
        co_await all.wait();
    co_return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

auto whole_fib(pool_executor pool, std::uint64_t n) -> pool_awaitable<std::uint64_t> {
    return fib(pool, n, call::here);
}
auto whole_skynet(pool_executor pool, std::uint64_t leaves) -> pool_awaitable<std::uint64_t> {
    return skynet(pool, 0, leaves, call::here);
}

template <auto Work>
class fork_join final : public scenario {
public:
    explicit fork_join(const surroundings& /*unused*/) {}
    void run(recorder& r) override { pool_.run(sample(r)); }

private:
    auto sample(recorder& r) -> pool_awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            r.begin();
            const std::uint64_t answer = co_await Work(pool_.get_executor(), r.items());
            r.lap();
            r.end(fork_join_checksum(answer, r.items()));
        }
    }

    pinned_pool pool_{2};
};

}  // namespace

auto fork_join_entries() -> std::vector<entry> {
    constexpr auto pins = "thread_pool, one thread on CPU 0, one on CPU 1; a coroutine a call";
    return {{"fork_join_fib", BENCH_ASIO_VARIANT, pool_blocks, pins,
             make_scenario<fork_join<whole_fib>>},
            {"fork_join_skynet", BENCH_ASIO_VARIANT, pool_blocks, pins,
             make_scenario<fork_join<whole_skynet>>}};
}

}  // namespace bench::asio_peer
