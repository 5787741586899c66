#include "bench/common/fan_out.hpp"

#include <tbb/parallel_for.h>
#include <tbb/task_group.h>

#include "bench/common/request_chain.hpp"
#include "bench/tbb/pinned_arena.hpp"
#include "bench/tbb/scenarios.hpp"

namespace bench::tbb_peer {
namespace {

class fan_out final : public scenario {
public:
    explicit fan_out(const fan_shape& shape) : shape_(shape), arena_(shape.workers) {}

    void run(recorder& r) override {
        arena_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    void iterate(recorder& r) {
        auto chains = make_chains(shape_.chains, r.items());
        r.begin();
        if (shape_.chains == 1) {
            run_chain(r, chains[0], 0);
        } else {
            tbb::task_group group;
            for (unsigned c = 0; c < shape_.chains; ++c)
                group.run([this, &r, &chain = chains[c], c] { run_chain(r, chain, c); });
            group.wait();
        }
        end_chains(r, chains);
    }

    void run_chain(const recorder& r, request_chain& chain, std::uint64_t first) {
        chain.begin();
        for (std::uint64_t request = first; request < r.items(); request += shape_.chains) {
            fan_results results;
            // A task a branch, and a little faster than a task_group of them.
            tbb::parallel_for(
                0U, fan_shape::branches,
                [&](unsigned b) {
                    results[b] = fan_branch(chain.seed(), b, shape_.steps_of(request, b));
                },
                tbb::simple_partitioner());
            chain.answered(results);
        }
    }

    fan_shape shape_;
    pinned_arena arena_;
};

}  // namespace

auto fan_out_entries() -> std::vector<entry> {
    return fan_entries<fan_out>("tbb", waits,
                                "arena of two, slot 0 (the client) on CPU 0, slot 1 on CPU 1",
                                "arena of four, slot k on CPU k modulo the CPUs; the client is 0");
}

}  // namespace bench::tbb_peer
