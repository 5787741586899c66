#include "bench/common/fan_out.hpp"
#include "bench/common/request_chain.hpp"
#include "bench/limit/crew.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// The threads share the branches of a request. Where several chains run at a time they share the
/// chains: nothing is then passed between threads but the end.
class fan_out final : public scenario {
public:
    explicit fan_out(const fan_shape& shape) : shape_(shape), crew_(shape.workers) {}

    void run(recorder& r) override {
        crew_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    void iterate(recorder& r) {
        auto chains = make_chains(shape_.chains, r.items());
        r.begin();
        if (shape_.chains == 1) {
            run_chain(r, chains[0], 0, [this](auto&& branch) { crew_.share(branches, branch); });
        } else {
            crew_.share(shape_.chains, [&](std::uint32_t c) {
                run_chain(r, chains[c], c, [](auto&& branch) {
                    for (unsigned b = 0; b < branches; ++b)
                        branch(b);
                });
            });
        }
        end_chains(r, chains);
    }

    template <class RunAll>
    void run_chain(const recorder& r, request_chain& chain, std::uint64_t first, RunAll run_all) {
        chain.begin();
        for (std::uint64_t request = first; request < r.items(); request += shape_.chains) {
            fan_results results;
            run_all([&](std::uint32_t b) {
                results[b] = fan_branch(chain.seed(), b, shape_.steps_of(request, b));
            });
            chain.answered(results);
        }
    }

    static constexpr unsigned branches = fan_shape::branches;
    fan_shape shape_;
    crew crew_;
};

}  // namespace

auto fan_out_entries() -> std::vector<entry> {
    return fan_entries<fan_out>(
        "limit",
        "polls: threads take branches (with eight requests at a time, chains) by an "
        "atomic counter and spin in between",
        "one thread on CPU 0, one on CPU 1", "thread k on CPU k, no more threads than CPUs");
}

}  // namespace bench::limit
