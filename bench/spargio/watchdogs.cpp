#include "bench/common/watchdogs.hpp"

#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/sleep.hpp"

namespace bench::own {
namespace {

using std::chrono::milliseconds;

/// A task sleeps until each deadline.
class watchdogs final : public scenario {
public:
    explicit watchdogs(const surroundings& /*unused*/) {}
    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    static auto ring_at(spargio::sleep& deadline, std::uint64_t& rang) -> spargio::task<> {
        check(co_await deadline);
        ++rang;
    }

    auto sample(recorder& r) -> spargio::task<> {
        const auto start = spargio::now();
        std::uint64_t rang = 0;
        std::vector<spargio::sleep> deadlines;
        std::vector<spargio::join_handle<void>> sleepers;
        deadlines.reserve(watchdog_count);
        for (std::uint64_t i = 0; i < watchdog_count; ++i) {
            deadlines.emplace_back(start + milliseconds(watchdog_hour_ms));
            sleepers.push_back(check(spargio::this_shard::spawn(ring_at(deadlines[i], rang))));
        }
        co_await spargio::yield();
        for (unsigned k = 0; k < r.iterations(); ++k) {
            for (auto& each : deadlines)
                each.reset(start + milliseconds(watchdog_hour_ms));
            r.begin();
            watchdog_moves moves;
            for (std::uint64_t batch = 0; batch < r.items(); ++batch) {
                for (unsigned i = 0; i < batch_moves; ++i) {
                    const auto [timer, after_ms] = moves.next();
                    deadlines[timer].reset(start + milliseconds(after_ms));
                }
                co_await spargio::yield();
                r.lap();
            }
            watchdog_sum sum;
            for (const auto& each : deadlines)
                sum.add(static_cast<std::uint64_t>((each.deadline() - start) / milliseconds(1)));
            r.end(sum.value);
        }
        for (auto& each : deadlines)
            each.reset(start);
        for (auto& each : sleepers)
            co_await each;
        expect_all_rang(rang);
    }

    spargio::runtime runtime_ = build_shards({client_cpu});
};

}  // namespace

auto watchdogs_entries() -> std::vector<entry> {
    return {{"timer_watchdogs_moved_10k", "spargio", waits, "one shard on CPU 0",
             make_scenario<watchdogs>}};
}

}  // namespace bench::own
