#include "bench/common/timer_storm.hpp"

#include <array>
#include <memory>

#include "bench/common/pinned_thread.hpp"
#include "bench/limit/scenarios.hpp"

namespace bench::limit {
namespace {

/// A wheel of lists, a millisecond a slot and four seconds round: setting and cancelling a timer
/// are four stores each, whatever their number.
class timer_wheel {
public:
    struct timer {
        timer* next = this;
        timer* before = this;
        std::uint64_t due_us = 0;
    };

    void set(timer& t, std::uint64_t due_us) {
        t.due_us = due_us;
        timer& slot = slots_[due_us / 1000 % slots_.size()];
        t.next = &slot;
        t.before = slot.before;
        slot.before->next = &t;
        slot.before = &t;
    }
    static void cancel(timer& t) {
        t.before->next = t.next;
        t.next->before = t.before;
    }
    /// Whether a timer of the slots between two times is due.
    [[nodiscard]] auto due(std::uint64_t from_us, std::uint64_t to_us) const -> bool {
        for (std::uint64_t ms = from_us / 1000; ms <= to_us / 1000; ++ms) {
            const timer& slot = slots_[ms % slots_.size()];
            for (const timer* t = slot.next; t != &slot; t = t->next)
                if (t->due_us <= to_us)
                    return true;
        }
        return false;
    }

private:
    std::array<timer, 4096> slots_;
};

/// The tasks take turns in a loop, which reads the clock once a round.
class timer_storm final : public scenario {
public:
    explicit timer_storm(const surroundings& /*unused*/) {}
    void run(recorder& r) override {
        client_.run([&] {
            for (unsigned k = 0; k < r.iterations(); ++k)
                iterate(r);
        });
    }

private:
    void iterate(recorder& r) {
        std::array<std::uint64_t, storm_tasks> results{};
        r.begin();
        for (std::uint64_t t = 0; t < storm_tasks; ++t)
            results[t] = mix(t, 0);
        std::uint64_t seen = now_ns() / 1000;
        for (std::uint64_t i = 0; i < r.items(); ++i) {
            const std::uint64_t now = now_ns() / 1000;
            for (std::uint64_t t = 0; t < storm_tasks; ++t)
                wheel_->set((*timers_)[t],
                            now + static_cast<std::uint64_t>(storm_deadline(results[t]).count()));
            if (wheel_->due(seen, now))
                throw std::runtime_error("a turn took a second");
            seen = now;
            for (std::uint64_t t = 0; t < storm_tasks; ++t) {
                timer_wheel::cancel((*timers_)[t]);
                results[t] = mix(results[t], i);
            }
        }
        r.lap();
        r.end(storm_sum(results));
    }

    std::unique_ptr<timer_wheel> wheel_ = std::make_unique<timer_wheel>();
    std::unique_ptr<std::array<timer_wheel::timer, storm_tasks>> timers_ =
        std::make_unique<std::array<timer_wheel::timer, storm_tasks>>();
    pinned_thread client_{client_cpu};
};

}  // namespace

auto timer_storm_entries() -> std::vector<entry> {
    return {{"timer_cancel_reschedule_storm", "limit", "neither: a loop over a wheel of lists",
             "one thread on CPU 0", make_scenario<timer_storm>}};
}

}  // namespace bench::limit
