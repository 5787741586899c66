#include "bench/common/timer_storm.hpp"

#include <array>
#include <vector>

#include "bench/spargio/scenarios.hpp"
#include "bench/spargio/shards.hpp"
#include "spargio/core/task.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/timeout.hpp"

namespace bench::own {
namespace {

auto turn(std::uint64_t x, std::uint64_t i) -> spargio::task<std::uint64_t> {
    co_await spargio::yield();
    co_return mix(x, i);
}

auto turns(std::uint64_t& x, std::uint64_t items) -> spargio::task<> {
    for (std::uint64_t i = 0; i < items; ++i)
        x = check(co_await spargio::timeout(storm_deadline(x), turn(x, i)));
}

class timer_storm final : public scenario {
public:
    explicit timer_storm(const surroundings& /*unused*/) {}

    void run(recorder& r) override { runtime_.block_on(sample(r)); }

private:
    auto sample(recorder& r) -> spargio::task<> {
        for (unsigned k = 0; k < r.iterations(); ++k) {
            std::array<std::uint64_t, storm_tasks> results{};
            std::vector<spargio::join_handle<void>> tasks;
            tasks.reserve(storm_tasks);
            r.begin();
            for (std::uint64_t t = 0; t < storm_tasks; ++t) {
                results[t] = mix(t, 0);
                tasks.push_back(check(spargio::this_shard::spawn(turns(results[t], r.items()))));
            }
            for (auto& each : tasks)
                co_await each;
            r.lap();
            r.end(storm_sum(results));
        }
    }

    spargio::runtime runtime_ = build_shards({client_cpu});
};

}  // namespace

auto timer_storm_entries() -> std::vector<entry> {
    return {{"timer_cancel_reschedule_storm", "spargio", waits, "one shard on CPU 0",
             make_scenario<timer_storm>}};
}

}  // namespace bench::own
