// How a shard waits: it looks, searches, spins, and sleeps in the kernel.

#include <algorithm>
#include <utility>

#include "spargio/core/pause.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

/// Submits what the tasks prepared, and returns when there is something to service.
void shard::wait_for_work() noexcept {
    // What was stolen has been run, or waits for something.
    part_ended();
    const std::uint64_t budget = spinning_.budget_ns();
    if (budget != 0)
        ring_->flush();
    if (work_visible() || timers_due()) {
        if (budget == 0)
            ring_->flush();
        return;
    }
    tell_what_ran();
    counters_.items_ready.set(0);
    counters_.timers_armed.set(timers_.size());
    if (loot_visible() && search()) {
        if (budget == 0)
            ring_->flush();
        return;
    }
    if (budget != 0 && spin(budget)) {
        ++counters_.spins_paid;
        spinning_.paid();
        return;
    }
    // With no spin ahead, one entry submits and waits.
    const std::uint64_t start = now_ns();
    park(start);
    const std::uint64_t end = now_ns();
    measure_wake(start, end);
    spinning_.slept(end - start + budget);
}

/// Looks at memory only, its own and what others may have to steal, and enters the kernel just when
/// the ring says that completions wait there.
bool shard::spin(std::uint64_t budget_ns) noexcept {
    constexpr unsigned looks_per_clock_read = 32;
    constexpr unsigned looks_before_search = 16;
    ++counters_.spins;
    constexpr std::uint64_t gap_of_displaced_ns = 200'000;  // looks take one or two thousand
    std::uint64_t end = 0;
    std::uint64_t last = 0;
    detail::search_pace pace(options_.stealing);
    for (unsigned look = 1;; ++look) {
        if (ring_->entry_wanted())
            ring_->flush();
        detail::pause();
        if (work_visible())
            return true;
        // What comes at once is not worth being counted among those who search.
        if (share_ != nullptr && pace.due(look) &&
            (look >= looks_before_search || loot_visible()) && search())
            return true;
        if (look % looks_per_clock_read != 0)
            continue;
        const std::uint64_t now = now_ns();
        if (end == 0) {
            end = now + budget_ns;
        } else if (now - last >= gap_of_displaced_ns && was_displaced()) {
            spinning_.displaced();
            return false;
        }
        last = now;
        if (share_ != nullptr && look_after_peers(now))
            return true;
        if (now >= timers_.earliest_ns())
            return true;
        if (now >= end)
            return false;
    }
}

/// Since this was asked last. A gap in time may also be the hypervisor's doing.
bool shard::was_displaced() noexcept {
    const std::uint64_t before = std::exchange(times_displaced_, kernel_.times_displaced());
    return times_displaced_ != before;
}

/// All of them in one heap, so that a sleep ends for none that is not due.
/// \return whether that was done, and nothing came up meanwhile.
bool shard::sort_timers() noexcept {
    while (timers_.sort_some()) {
        if (work_visible())
            return false;
    }
    return true;
}

/// Before a sleep, and by nobody who counts as searching: a look is a system call, after which the
/// scheduler may let others run first.
void shard::measure_contention(std::uint64_t now) noexcept {
    if (cpu_times_ < 0)
        return;
    contention_.forget(now);
    const std::uint64_t thefts = counters_.thefts.get();
    if (contention_.due(now, thefts) &&
        contention_.learn(now, thefts, kernel_.read_cpu_times(cpu_times_)))
        ++counters_.contentions;
}

void shard::park(std::uint64_t now) noexcept {
    if (timers_due() || !sort_timers()) {
        ring_->flush();
        return;
    }
    if (searching_)
        end_search();
    measure_contention(now);
    gate_.announce();
    if (share_ != nullptr)
        share_->sleeps();
    // Once more after the announcement: a source that saw us awake rings no bell, and what it
    // pushed in between would wait for ever.
    if (work_visible() || loot_visible() || search_begun_.load(std::memory_order_seq_cst)) {
        ring_->flush();
    } else {
        ++counters_.parks;
        sleep();
    }
    if (share_ != nullptr)
        share_->woke_up();
    gate_.woke_up();
    if (share_ != nullptr)
        call_watcher();
}

/// In the kernel, until there is work here, or work to take.
void shard::sleep() noexcept {
    std::uint64_t now = now_ns();
    for (;;) {
        const std::uint64_t to_watch = time_to_next_watch(now);
        const std::uint64_t earliest = timers_.earliest_ns();
        const std::uint64_t to_timer = earliest == detail::timer_queue::never
                                           ? kernel::no_timeout
                                           : earliest - std::min(earliest, now);
        ring_->wait(std::min(to_watch, to_timer));
        if (to_watch == kernel::no_timeout || work_visible() || gate_.still_rung())
            break;
        now = now_ns();
        if (now >= earliest || look_after_peers(now) || loot_visible())
            break;
    }
    end_watch();
}

}  // namespace spargio
