#include "bench/common/fork_join.hpp"

#include <tbb/task_group.h>

#include <array>
#include <numeric>

#include "bench/tbb/pinned_arena.hpp"
#include "bench/tbb/scenarios.hpp"

namespace bench::tbb_peer {
namespace {

/// A little faster than parallel_invoke, or than both calls in the group.
auto fib(std::uint64_t n) -> std::uint64_t {
    if (n < 2)
        return n;
    std::uint64_t forked = 0;
    tbb::task_group other;
    other.run([&forked, n] { forked = fib(n - 1); });
    const std::uint64_t own = fib(n - 2);
    other.wait();
    return own + forked;
}

auto skynet(std::uint64_t first, std::uint64_t leaves) -> std::uint64_t {
    if (leaves == 1)
        return first;
    const std::uint64_t part = leaves / skynet_children;
    std::array<std::uint64_t, skynet_children> sums{};
    tbb::task_group children;
    for (unsigned k = 0; k < skynet_children; ++k)
        children.run([&sum = sums[k], from = first + k * part, part] { sum = skynet(from, part); });
    children.wait();
    return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

auto whole_skynet(std::uint64_t leaves) -> std::uint64_t {
    return skynet(0, leaves);
}

template <auto Work>
class fork_join final : public scenario {
public:
    explicit fork_join(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        arena_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k) {
                r.begin();
                const std::uint64_t answer = Work(r.items());
                r.lap();
                r.end(fork_join_checksum(answer, r.items()));
            }
        });
    }

private:
    pinned_arena arena_{2};
};

}  // namespace

auto fork_join_entries() -> std::vector<entry> {
    constexpr auto pins = "arena of two, slot 0 (the client) on CPU 0, slot 1 on CPU 1";
    return {{"fork_join_fib", "tbb", waits, pins, make_scenario<fork_join<fib>>},
            {"fork_join_skynet", "tbb", waits, pins, make_scenario<fork_join<whole_skynet>>}};
}

}  // namespace bench::tbb_peer
