#include "bench/common/many_tasks.hpp"

#include <array>
#include <vector>

#include "bench/asio/context_thread.hpp"
#include "bench/asio/join_point.hpp"
#include "bench/asio/pool.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/request_chain.hpp"

namespace bench::asio_peer {
namespace {

/// co_spawn() runs a coroutine at once where it stands: the post lets other threads take it.
auto spawned(std::uint64_t seed, unsigned k) -> pool_awaitable<std::uint64_t> {
    co_await asio::post(use_pool);
    co_return spawned_value(seed, k);
}

class spawn_join final : public scenario {
public:
    explicit spawn_join(const surroundings& /*unused*/) {}
    void run(recorder& r) override { pool_.run(sample(r)); }

private:
    auto sample(recorder& r) -> pool_awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            auto chains = make_chains(1, r.items());
            r.begin();
            chains[0].begin();
            for (std::uint64_t request = 0; request < r.items(); ++request)
                co_await batch(chains[0]);
            end_chains(r, chains);
        }
    }

    auto batch(request_chain& chain) -> pool_awaitable<> {
        join_point<pool_executor> all(batch_tasks);
        for (unsigned k = 0; k < batch_tasks; ++k)
            asio::co_spawn(pool_.get_executor(), spawned(chain.seed(), k), all.keep(results_[k]));
        if (!all.all_arrived())
            co_await all.wait();
        chain.answered(results_);
    }

    pinned_pool pool_{2};
    std::array<std::uint64_t, batch_tasks> results_{};
};

auto yielding(std::uint64_t x) -> awaitable<std::uint64_t> {
    for (unsigned i = 0; i < yields_a_task; ++i) {
        x = mix(x, i);
        co_await asio::post(use_awaitable);
    }
    co_return x;
}

/// A context a thread, each with half of the tasks: a pool's one queue and its lock cost more.
class yield final : public scenario {
public:
    explicit yield(const surroundings& /*unused*/) {}
    void run(recorder& r) override { here_.run(sample(r)); }

private:
    auto sample(recorder& r) -> awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            std::vector<std::uint64_t> results(r.items());
            r.begin();
            join_point<executor> all(static_cast<unsigned>(r.items()));
            for (std::uint64_t t = 0; t < r.items(); ++t) {
                context_thread& where = t % 2 == 0 ? here_ : there_;
                asio::co_spawn(where.context(), yielding(t), all.keep(results[t]));
            }
            co_await all.wait();
            r.lap();
            r.end(fold(results));
        }
    }

    context_thread there_{server_cpu};
    context_thread here_{client_cpu};
};

}  // namespace

auto many_tasks_entries() -> std::vector<entry> {
    return {{"spawn_join_1m", BENCH_ASIO_VARIANT, pool_blocks,
             "thread_pool, one thread on CPU 0, one on CPU 1", make_scenario<spawn_join>},
            {"yield_1m", BENCH_ASIO_VARIANT, BENCH_ASIO_BLOCKS,
             "two io_contexts, one thread on CPU 0, one on CPU 1, half of the tasks on each",
             make_scenario<yield>}};
}

}  // namespace bench::asio_peer
