#include "bench/common/many_tasks.hpp"

#include <array>

#include "bench/common/request_chain.hpp"
#include "bench/spargio/anywhere.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace bench::own {
namespace {

using handles = std::vector<spargio::join_handle<std::uint64_t>>;

auto spawned(std::uint64_t seed, unsigned k) -> spargio::task<std::uint64_t> {
    co_return spawned_value(seed, k);
}

class spawn_join final : public scenario {
public:
    explicit spawn_join(const surroundings& /*unused*/) { running_.reserve(batch_tasks); }

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            auto chains = make_chains(1, r.items());
            r.begin();
            chains[0].begin();
            for (std::uint64_t request = 0; request < r.items(); ++request)
                co_await batch(chains[0]);
            end_chains(r, chains);
        }
    }

    auto batch(request_chain& chain) -> spargio::task<> {
        const auto here = runtime_.handle();
        for (unsigned k = 0; k < batch_tasks; ++k)
            running_.push_back(check(here.spawn(anywhere, spawned(chain.seed(), k))));
        for (unsigned k = 0; k < batch_tasks; ++k)
            results_[k] = co_await running_[k];
        running_.clear();
        chain.answered(results_);
    }

    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
    handles running_;
    std::array<std::uint64_t, batch_tasks> results_{};
};

auto yielding(std::uint64_t x) -> spargio::task<std::uint64_t> {
    for (unsigned i = 0; i < yields_a_task; ++i) {
        x = mix(x, i);
        co_await spargio::yield();
    }
    co_return x;
}

class yield final : public scenario {
public:
    explicit yield(const surroundings& /*unused*/) {}

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto sample(recorder& r) -> spargio::task<> {
        const auto here = runtime_.handle();
        for (unsigned k = 0; k < r.iterations(); ++k) {
            handles running;
            running.reserve(r.items());
            std::vector<std::uint64_t> results;
            results.reserve(r.items());
            r.begin();
            for (std::uint64_t t = 0; t < r.items(); ++t)
                running.push_back(
                    check(here.spawn(spargio::placement::round_robin(), yielding(t))));
            for (auto& task : running)
                results.push_back(co_await task);
            r.lap();
            r.end(fold(results));
        }
    }

    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

}  // namespace

auto many_tasks_entries() -> std::vector<entry> {
    return {{"spawn_join_1m", "spargio", waits, "one shard on CPU 0 (the spawner), one on CPU 1",
             make_scenario<spawn_join>},
            {"yield_1m", "spargio", waits,
             "one shard on CPU 0, one on CPU 1, half of the tasks on each", make_scenario<yield>}};
}

}  // namespace bench::own
