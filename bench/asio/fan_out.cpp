#include "bench/common/fan_out.hpp"

#include "bench/asio/join_point.hpp"
#include "bench/asio/pool.hpp"
#include "bench/asio/scenarios.hpp"
#include "bench/common/request_chain.hpp"

namespace bench::asio_peer {
namespace {

constexpr unsigned branches = fan_shape::branches;

/// co_spawn() runs a coroutine at once where it stands: the post lets other threads take it.
auto branch(std::uint64_t seed, unsigned b, std::uint64_t steps) -> pool_awaitable<std::uint64_t> {
    co_await asio::post(use_pool);
    co_return fan_branch(seed, b, steps);
}

/// A branch is a coroutine or, as it never waits, a posted function.
template <bool Coroutines>
class fan_out final : public scenario {
public:
    explicit fan_out(const fan_shape& shape) : shape_(shape), pool_(shape.workers) {}
    void run(recorder& r) override { pool_.run(sample(r)); }

private:
    auto sample(recorder& r) -> pool_awaitable<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            auto chains = make_chains(shape_.chains, r.items());
            r.begin();
            if (shape_.chains == 1) {
                co_await run_chain(chains[0], 0, r.items());
            } else {
                join_point<pool_executor> all(shape_.chains);
                for (unsigned c = 0; c < shape_.chains; ++c)
                    asio::co_spawn(pool_.get_executor(), queued_chain(chains[c], c, r.items()),
                                   all.keep());
                co_await all.wait();
            }
            end_chains(r, chains);
        }
    }

    auto queued_chain(request_chain& chain, std::uint64_t first, std::uint64_t items)
        -> pool_awaitable<> {
        co_await asio::post(use_pool);
        co_await run_chain(chain, first, items);
    }

    auto run_chain(request_chain& chain, std::uint64_t first, std::uint64_t items)
        -> pool_awaitable<> {
        chain.begin();
        for (std::uint64_t request = first; request < items; request += shape_.chains) {
            fan_results results;
            join_point<pool_executor> all(branches);
            for (unsigned b = 0; b < branches; ++b)
                start(chain.seed(), b, shape_.steps_of(request, b), results[b], all);
            if (!all.all_arrived())
                co_await all.wait();
            chain.answered(results);
        }
    }

    void start(std::uint64_t seed, unsigned b, std::uint64_t steps, std::uint64_t& result,
               join_point<pool_executor>& all) {
        if constexpr (Coroutines) {
            asio::co_spawn(pool_.get_executor(), branch(seed, b, steps), all.keep(result));
        } else {
            asio::post(pool_.get_executor(), [=, &result, &all] {
                result = fan_branch(seed, b, steps);
                all.arrive();
            });
        }
    }

    fan_shape shape_;
    pinned_pool pool_;
};

}  // namespace

auto fan_out_entries() -> std::vector<entry> {
    constexpr auto pins = "thread_pool, one thread on CPU 0, one on CPU 1; a coroutine a branch";
    constexpr auto pins4 = "thread_pool of four, thread k on CPU k modulo the CPUs; a coroutine a "
                           "branch";
    constexpr auto post = "thread_pool, one thread on CPU 0, one on CPU 1; a posted function a "
                          "branch";
    constexpr auto post4 = "thread_pool of four, thread k on CPU k modulo the CPUs; a posted "
                           "function a branch";
    auto all = fan_entries<fan_out<true>>(BENCH_ASIO_VARIANT, pool_blocks, pins, pins4);
    const auto posted =
        fan_entries<fan_out<false>>(BENCH_ASIO_VARIANT "_post", pool_blocks, post, post4);
    all.insert(all.end(), posted.begin(), posted.end());
    return all;
}

}  // namespace bench::asio_peer
