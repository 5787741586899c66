// When things happen: the schedule, the jumping clock, and waits.

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "spargio/core/assert.hpp"
#include "spargio/ring/kernel.hpp"
#include "spargio/testing/detail/simulation.hpp"

namespace spargio::testing::detail {

simulation::moment simulation::schedule(std::uint64_t delay_ns, event what) {
    const moment due{clock.now_ns() + delay_ns, ++last_number_};
    schedule_.emplace(due, what);
    // Whoever waits may have to jump there.
    wake_everyone();
    return due;
}

void simulation::fire_next() {
    const auto [due, what] = *schedule_.begin();
    schedule_.erase(schedule_.begin());
    clock.advance_to(due.first);
    if (what.kind == event_kind::request) {
        held_request& request = requests_.at(what.number);
        request.due.reset();
        proceed(request);
    } else if (simulated_ring* ring = ring_numbered(what.number)) {
        // The timer interrupt: what cooperative mode holds back is posted after all.
        ring->tick_scheduled = false;
        ring->run_task_work(~std::size_t{0});
        ring->changed.notify_all();
    }
}

void simulation::advance_to(std::uint64_t time_ns) {
    while (!schedule_.empty() && schedule_.begin()->first.first <= time_ns)
        fire_next();
    clock.advance_to(time_ns);
    for (const auto& [number, ring] : rings_) {
        if (ring->waits && ring->wait_until_ns <= time_ns)
            ring->changed.notify_all();
    }
}

void simulation::settle() {
    while (!schedule_.empty())
        fire_next();
    advance_to(clock.now_ns());
}

void simulation::wake_everyone() {
    for (const auto& [number, ring] : rings_)
        ring->changed.notify_all();
}

bool simulation::satisfied(const simulated_ring& ring) const noexcept {
    return ring.visible() >= ring.wait_for || ring.has_task_work() ||
           ring.wait_until_ns <= clock.now_ns();
}

/// Whether nobody is left who could make something happen now.
bool simulation::may_jump() const {
    if (clock_holds > 0)
        return false;
    for (const auto& [number, ring] : rings_) {
        const bool rests = ring->left || (ring->waits && !satisfied(*ring));
        if (ring->owner != std::this_thread::get_id() && !rests)
            return false;
    }
    return true;
}

std::optional<std::uint64_t> simulation::next_moment() const {
    std::uint64_t next = kernel::no_timeout;
    if (!schedule_.empty())
        next = schedule_.begin()->first.first;
    for (const auto& [number, ring] : rings_) {
        if (ring->waits)
            next = std::min(next, ring->wait_until_ns);
    }
    if (next == kernel::no_timeout)
        return std::nullopt;
    return next;
}

/// Posts what a waiting owner gets to see: at times only as much as it waits for.
void simulation::show_completions(simulated_ring& ring) {
    ring.flush_overflow();
    const unsigned visible = ring.visible();
    if (visible < ring.wait_for)
        ring.run_task_work(random.chance(50) ? ring.wait_for - visible : ~std::size_t{0});
}

int simulation::wait_in(std::unique_lock<std::mutex>& lock, simulated_ring& ring) {
    ring.waits = true;
    int outcome = 0;
    while (true) {
        show_completions(ring);
        if (ring.visible() >= ring.wait_for)
            break;
        if (ring.wait_until_ns <= clock.now_ns()) {
            outcome = -ETIME;
            break;
        }
        if (may_jump()) {
            if (const auto next = next_moment()) {
                advance_to(*next);
                continue;
            }
            if (!options.foreign_threads)
                report_stuck(ring);
        }
        ring.changed.wait(lock);
    }
    ring.waits = false;
    return outcome;
}

void simulation::report_stuck(const simulated_ring& ring) const {
    std::fprintf(stderr,
                 "spargio: simulated kernel (%s): ring %llu waits for what never comes; %zu "
                 "requests are pending:\n",
                 describe().c_str(), static_cast<unsigned long long>(ring.number()),
                 requests_.size());
    for (const auto& [number, request] : requests_) {
        std::fprintf(stderr, "  ring %llu: %s on %d\n",
                     static_cast<unsigned long long>(request.ring->number()),
                     to_string(static_cast<request_kind>(request.sqe->opcode)).c_str(),
                     request.sqe->fd);
    }
    std::abort();
}

}  // namespace spargio::testing::detail
