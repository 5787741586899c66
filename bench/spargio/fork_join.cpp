#include "bench/common/fork_join.hpp"

#include <numeric>

#include "bench/spargio/anywhere.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace bench::own {
namespace {

auto fib(std::uint64_t n) -> spargio::task<std::uint64_t> {
    if (n < 2)
        co_return n;
    const auto [left, right] = co_await spargio::when_all(fib(n - 1), fib(n - 2));
    co_return left + right;
}

auto skynet(std::uint64_t first, std::uint64_t leaves) -> spargio::task<std::uint64_t> {
    if (leaves == 1)
        co_return first;
    const std::uint64_t part = leaves / skynet_children;
    std::vector<spargio::task<std::uint64_t>> children;
    children.reserve(skynet_children);
    for (unsigned k = 0; k < skynet_children; ++k)
        children.push_back(skynet(first + k * part, part));
    const auto sums = co_await spargio::when_all(std::move(children));
    co_return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

auto whole_skynet(std::uint64_t leaves) -> spargio::task<std::uint64_t> {
    return skynet(0, leaves);
}

template <auto Work>
class fork_join final : public scenario {
public:
    explicit fork_join(const surroundings& /*unused*/) {}

    void run(recorder& r) override { runtime_.block_on(spawned(r)); }

private:
    // The children of a task that may run anywhere may run anywhere too.
    static auto spawned(recorder& r) -> spargio::task<> {
        co_await check(spargio::this_runtime().spawn(anywhere, sample(r)));
    }

    static auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            r.begin();
            const std::uint64_t answer = co_await Work(r.items());
            r.lap();
            r.end(fork_join_checksum(answer, r.items()));
        }
    }

    spargio::runtime runtime_ = build_shards({client_cpu, server_cpu});
};

}  // namespace

auto fork_join_entries() -> std::vector<entry> {
    constexpr auto pins = "one shard on CPU 0, one on CPU 1";
    return {{"fork_join_fib", "spargio", waits, pins, make_scenario<fork_join<fib>>},
            {"fork_join_skynet", "spargio", waits, pins, make_scenario<fork_join<whole_skynet>>}};
}

}  // namespace bench::own
