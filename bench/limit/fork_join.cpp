#include "bench/common/fork_join.hpp"

#include <numeric>

#include "bench/limit/crew.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

[[gnu::noinline]] auto fib(std::uint64_t n) -> std::uint64_t {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

[[gnu::noinline]] auto tree(std::uint64_t first, std::uint64_t leaves) -> std::uint64_t {
    if (leaves == 1)
        return first;
    const std::uint64_t part = leaves / skynet_children;
    std::uint64_t sum = 0;
    for (unsigned k = 0; k < skynet_children; ++k)
        sum += tree(first + k * part, part);
    return sum;
}

/// The calls of fib(n) down to `depth`; what is below them is plain recursion.
void cut_fib(std::uint64_t n, unsigned depth, std::vector<std::uint64_t>& below) {
    if (n < 2 || depth == 0)
        return below.push_back(n);
    cut_fib(n - 1, depth - 1, below);
    cut_fib(n - 2, depth - 1, below);
}

struct shared_fib {
    static auto compute(crew& threads, std::uint64_t n) -> std::uint64_t {
        std::vector<std::uint64_t> calls;
        cut_fib(n, 6, calls);
        threads.share(static_cast<std::uint32_t>(calls.size()),
                      [&](std::uint32_t i) { calls[i] = fib(calls[i]); });
        return std::accumulate(calls.begin(), calls.end(), std::uint64_t{0});
    }
};

struct shared_skynet {
    static auto compute(crew& threads, std::uint64_t leaves) -> std::uint64_t {
        const std::uint64_t parts = std::min<std::uint64_t>(leaves, 100);
        std::vector<std::uint64_t> sums(parts);
        threads.share(static_cast<std::uint32_t>(parts), [&](std::uint32_t i) {
            sums[i] = tree(i * (leaves / parts), leaves / parts);
        });
        return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
    }
};

template <class Work>
class fork_join final : public scenario {
public:
    explicit fork_join(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        crew_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k) {
                r.begin();
                const std::uint64_t answer = Work::compute(crew_, r.items());
                r.lap();
                r.end(fork_join_checksum(answer, r.items()));
            }
        });
    }

private:
    crew crew_{2};
};

}  // namespace

auto fork_join_entries() -> std::vector<entry> {
    constexpr auto waits = "polls: plain recursive calls, no task at all; two spinning threads "
                           "share the subtrees below a cut";
    constexpr auto pins = "one thread on CPU 0, one on CPU 1";
    return {{"fork_join_fib", "limit", waits, pins, make_scenario<fork_join<shared_fib>>},
            {"fork_join_skynet", "limit", waits, pins, make_scenario<fork_join<shared_skynet>>}};
}

}  // namespace bench::limit
