#include "bench/common/watchdogs.hpp"

#include <algorithm>
#include <vector>

#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// Deadlines in an array. A heap of numbers finds the next one; its keys may be too early, which
/// shows when they come up, and only a deadline that comes nearer is told to it.
class lazy_timers {
public:
    explicit lazy_timers(std::uint64_t deadline)
        : deadlines_(watchdog_count, deadline), keys_(deadlines_) {
        for (std::uint32_t i = 0; i < watchdog_count; ++i)
            heap_.push_back({deadline, i});
    }
    void move(std::uint64_t timer, std::uint64_t deadline) {
        deadlines_[timer] = deadline;
        if (deadline < keys_[timer]) {
            keys_[timer] = deadline;
            heap_.push_back({deadline, static_cast<std::uint32_t>(timer)});
            std::push_heap(heap_.begin(), heap_.end(), later);
        }
    }
    [[nodiscard]] auto deadlines() const -> const std::vector<std::uint64_t>& { return deadlines_; }
    /// How many come up to `now`.
    auto ring(std::uint64_t now) -> std::uint64_t {
        std::uint64_t rang = 0;
        while (!heap_.empty() && heap_.front().key <= now) {
            std::pop_heap(heap_.begin(), heap_.end(), later);
            const place at = heap_.back();
            heap_.pop_back();
            if (at.key != keys_[at.timer])
                continue;
            keys_[at.timer] = deadlines_[at.timer];
            if (deadlines_[at.timer] <= now) {
                keys_[at.timer] = ~std::uint64_t{0};
                ++rang;
            } else {
                heap_.push_back({keys_[at.timer], at.timer});
                std::push_heap(heap_.begin(), heap_.end(), later);
            }
        }
        return rang;
    }

private:
    struct place {
        std::uint64_t key;
        std::uint32_t timer;
    };
    static auto later(const place& a, const place& b) -> bool { return a.key > b.key; }

    std::vector<std::uint64_t> deadlines_;
    std::vector<std::uint64_t> keys_;
    std::vector<place> heap_;
};

class watchdogs final : public scenario {
public:
    explicit watchdogs(const surroundings& /*unused*/) {}

    void run(recorder& r) override {
        worker_.run([&] {
            lazy_timers timers(watchdog_hour_ms);
            for (unsigned k = 0; k < r.iterations(); ++k) {
                for (std::uint64_t i = 0; i < watchdog_count; ++i)
                    timers.move(i, watchdog_hour_ms);
                r.begin();
                watchdog_moves moves;
                for (std::uint64_t batch = 0; batch < r.items(); ++batch) {
                    for (unsigned i = 0; i < batch_moves; ++i) {
                        const auto [timer, after_ms] = moves.next();
                        timers.move(timer, after_ms);
                    }
                    r.lap();
                }
                watchdog_sum sum;
                for (const std::uint64_t each : timers.deadlines())
                    sum.add(each);
                r.end(sum.value);
            }
            for (std::uint64_t i = 0; i < watchdog_count; ++i)
                timers.move(i, 0);
            expect_all_rang(timers.ring(0));
        });
    }

private:
    pinned_thread worker_{client_cpu};
};

}  // namespace

auto watchdogs_entries() -> std::vector<entry> {
    return {{"timer_watchdogs_moved_10k", "limit",
             "polls: an array of deadlines and a heap of the places they are looked at",
             "one thread on CPU 0", make_scenario<watchdogs>}};
}

}  // namespace bench::limit
