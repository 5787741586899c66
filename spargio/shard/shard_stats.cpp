// What a shard counts, how it takes the time of its turns, and what it tells of both.

#include "spargio/shard/shard_stats.hpp"

#include <algorithm>

#include "spargio/shard/shard.hpp"

namespace spargio {
namespace {

/// Neighbouring numbers far apart.
std::uint32_t scattered(std::uint32_t number) noexcept {
    return number * 0x9e3779b9u >> 12;
}

}  // namespace

// --- the time of turns ---------------------------------------------------------------------------

/// Counted by plain numbers, which are told when there is time for it.
void shard::tell_what_ran() noexcept {
    counters_.items_run.set(items_run_);
    counters_.stealable_run.set(queues_.stealable_popped());
}

/// run_ready() and what follows, in a turn that began with `waiting` items that were ready and
/// whose time is taken; of those that are samples some are counted, and stand for the others.
void shard::run_timed(std::uint64_t began_ns, unsigned waiting, unsigned most,
                      bool sampled) noexcept {
    unsigned stands_for = 1;
    if (sampled)
        stands_for = ++samples_ % samples_per_count == 0 ? turns_per_sample * samples_per_count : 0;
    const unsigned items =
        stands_for != 0 ? run_counted(began_ns, waiting, most, stands_for) : run_ready(most);
    ring_bells_due();
    const std::uint64_t ended_ns = now_ns();
    const std::uint64_t took_ns = ended_ns - began_ns;
    next_worth_.keep_time(ended_ns);
    turn_times_.learn(took_ns, items, waiting);
    tell_what_ran();
    if (stands_for == 0)
        return;
    counters_.busy_ns.add(took_ns * stands_for);
    counters_.turn_time.add(took_ns, stands_for);
    counters_.item_time.add(took_ns / std::max(items, 1u), std::uint64_t{stands_for} * items);
}

/// run_ready(), in the midst of which one item is taken the time of that it waited for its turn.
unsigned shard::run_counted(std::uint64_t began_ns, unsigned waiting, unsigned most,
                            unsigned stands_for) noexcept {
    counters_.items_ready.set(queues_.size());
    if (stands_for == 1) {
        if (++turns_counted_ % counted_per_wait != 0)
            return run_ready(most);
        stands_for = counted_per_wait;
    }
    if (most == 0)
        return 0;
    // The newest of those that wait, as many as a turn has: those before came earlier.
    const std::uint32_t number = scattered(static_cast<std::uint32_t>(counters_.turns.get()));
    const unsigned place = waiting - most + number % most;
    unsigned items = run_ready(std::min(place, most));
    std::uint64_t waited_ns = place == 0 ? 0 : now_ns() - began_ns;
    if (place < most) {
        items += run_ready(most - place);
    } else {
        waited_ns = waited_ns * place / most;
    }
    counters_.ready_time.add(waited_ns, std::uint64_t{stands_for} * items);
    return items;
}

/// A bell was rung for a sleep from `began_ns` to `ended_ns`, maybe.
void shard::measure_wake(std::uint64_t began_ns, std::uint64_t ended_ns) noexcept {
    const std::uint64_t rung_ns = rung_ns_.load(std::memory_order_relaxed);
    if (rung_ns == 0)
        return;
    rung_ns_.store(0, std::memory_order_relaxed);
    // Or for an earlier one, by a source that was interrupted before it said so.
    if (rung_ns >= began_ns)
        counters_.wake_time.add(ended_ns - std::min(rung_ns, ended_ns), 1);
}

// --- what is told --------------------------------------------------------------------------------

shard::ring_numbers shard::numbers_of(const ring& seen) noexcept {
    return {seen.entries_into_kernel(), seen.overflows(), seen.in_flight()};
}

shard_stats shard::stats() const noexcept {
    shard_stats seen;
    seen.turns = counters_.turns.get();
    seen.items_run = counters_.items_run.get();
    seen.stealable_run = counters_.stealable_run.get();
    seen.forks_in_place = counters_.forks_in_place.get();
    seen.spins = counters_.spins.get();
    seen.probes = counters_.probes.get();
    seen.searches_in_vain = counters_.searches_in_vain.get();
    seen.bells_spared = counters_.bells_spared.get();
    seen.busy_ns = counters_.busy_ns.get();
    seen.turn_time = counters_.turn_time.get();
    seen.item_time = counters_.item_time.get();
    seen.ready_time = counters_.ready_time.get();
    seen.wake_time = counters_.wake_time.get();
    if (const std::uint64_t opened = opened_ns_.load(std::memory_order_relaxed); opened != 0)
        seen.lifetime_ns = now_ns() - opened;
    seen.posts_received = counters_.posts_received.get();
    seen.messages_submitted =
        counters_.messages_submitted.get() + messages_.pushed() + hot_messages_.pushed();
    seen.messages_failed = counters_.messages_failed.get();
    seen.messages_received = counters_.messages_received.get();
    seen.messages_backpressured = counters_.messages_backpressured.get() +
                                  counters_.backpressured_outside.load(std::memory_order_relaxed);
    seen.messages_waiting = messages_.waiting() + hot_messages_.waiting();
    seen.completions = counters_.completions.get();
    seen.attempts_succeeded = counters_.attempts_succeeded.get();
    seen.attempts_in_vain = counters_.attempts_in_vain.get();
    seen.timers_fired = counters_.timers_fired.get();
    seen.timers_armed = counters_.timers_armed.get();
    seen.items_ready = counters_.items_ready.get();
    seen.spins_paid = counters_.spins_paid.get();
    seen.parks = counters_.parks.get();
    seen.searches = counters_.searches.get();
    seen.thefts = counters_.thefts.get();
    seen.items_stolen = counters_.items_stolen.get();
    seen.rescues = counters_.rescues.get();
    seen.items_rescued = counters_.items_rescued.get();
    seen.nudges = counters_.nudges.get();
    seen.searchers_woken = counters_.searchers_woken.get();
    seen.contentions = counters_.contentions.get();
    seen.affinity_violations = counters_.affinity_violations.get();
    seen.bells_sent = counters_.bells_sent.get();
    seen.bells_from_outside = counters_.bells_from_outside.load(std::memory_order_relaxed);
    const visit reading(*this);
    const ring* open = open_ring_.load(std::memory_order_seq_cst);
    const ring_numbers numbers = open != nullptr ? numbers_of(*open) : last_numbers_;
    seen.kernel_entries = numbers.kernel_entries;
    seen.cq_overflows = numbers.cq_overflows;
    seen.operations_in_flight = numbers.operations_in_flight;
    return seen;
}

shard_stats& shard_stats::operator+=(const shard_stats& other) noexcept {
    using s = shard_stats;
    constexpr std::uint64_t s::*sums[] = {&s::turns,
                                          &s::items_run,
                                          &s::stealable_run,
                                          &s::forks_in_place,
                                          &s::posts_received,
                                          &s::messages_submitted,
                                          &s::messages_backpressured,
                                          &s::messages_failed,
                                          &s::messages_received,
                                          &s::messages_waiting,
                                          &s::completions,
                                          &s::attempts_succeeded,
                                          &s::attempts_in_vain,
                                          &s::timers_fired,
                                          &s::timers_armed,
                                          &s::items_ready,
                                          &s::spins,
                                          &s::spins_paid,
                                          &s::parks,
                                          &s::searches,
                                          &s::probes,
                                          &s::thefts,
                                          &s::items_stolen,
                                          &s::searchers_woken,
                                          &s::contentions,
                                          &s::rescues,
                                          &s::items_rescued,
                                          &s::nudges,
                                          &s::bells_sent,
                                          &s::bells_spared,
                                          &s::bells_from_outside,
                                          &s::kernel_entries,
                                          &s::cq_overflows,
                                          &s::affinity_violations,
                                          &s::tasks_alive,
                                          &s::tasks_spawned,
                                          &s::spawns_overloaded,
                                          &s::lifetime_ns,
                                          &s::busy_ns};
    constexpr time_histogram s::*histograms[] = {&s::turn_time, &s::item_time, &s::ready_time,
                                                 &s::wake_time};
    // With searches_in_vain, spawned_as and operations_in_flight that is all there is.
    static_assert(sizeof(s) == (std::size(sums) + 1) * sizeof(std::uint64_t) + sizeof spawned_as +
                                   sizeof(std::uint64_t) +
                                   std::size(histograms) * sizeof(time_histogram));
    for (const auto each : sums)
        this->*each += other.*each;
    for (const auto each : histograms)
        this->*each += other.*each;
    searches_in_vain = std::max(searches_in_vain, other.searches_in_vain);
    for (std::size_t kind = 0; kind != spawned_as.size(); ++kind)
        spawned_as[kind] += other.spawned_as[kind];
    operations_in_flight += other.operations_in_flight;
    return *this;
}

}  // namespace spargio
