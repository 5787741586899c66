#include "bench/common/fan_out.hpp"

#include <utility>
#include <vector>

#include "bench/common/request_chain.hpp"
#include "bench/spargio/anywhere.hpp"
#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/task_group.hpp"

namespace bench::own {
namespace {

auto branch(std::uint64_t seed, unsigned b, std::uint64_t steps, std::uint64_t& result)
    -> spargio::task<> {
    result = fan_branch(seed, b, steps);
    co_return;
}

auto run_chain(fan_shape shape, request_chain& chain, std::uint64_t first, std::uint64_t items)
    -> spargio::task<> {
    chain.begin();
    for (std::uint64_t request = first; request < items; request += shape.chains) {
        fan_results results;
        std::vector<spargio::task<>> branches;
        branches.reserve(fan_shape::branches);
        for (unsigned b = 0; b < fan_shape::branches; ++b)
            branches.push_back(branch(chain.seed(), b, shape.steps_of(request, b), results[b]));
        // In a stealable task they are forks: any shard may run them.
        co_await spargio::when_all(std::move(branches));
        chain.answered(results);
    }
}

class fan_out final : public scenario {
public:
    explicit fan_out(const fan_shape& shape)
        : shape_(shape), runtime_(build_shards(first_cpus(shape.workers))) {}

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            auto chains = make_chains(shape_.chains, r.items());
            r.begin();
            spargio::task_group group;
            for (unsigned c = 0; c < shape_.chains; ++c)
                check(group.spawn(anywhere, run_chain(shape_, chains[c], c, r.items())));
            co_await group.join();
            end_chains(r, chains);
        }
    }

    fan_shape shape_;
    spargio::runtime runtime_;
};

}  // namespace

auto fan_out_entries() -> std::vector<entry> {
    return fan_entries<fan_out>("spargio", waits, "one shard on CPU 0 (the client), one on CPU 1",
                                "four shards, shard k on CPU k modulo the CPUs; with fewer "
                                "CPUs than shards none of them polls");
}

}  // namespace bench::own
