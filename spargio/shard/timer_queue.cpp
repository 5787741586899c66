#include "spargio/shard/timer_queue.hpp"

#include <algorithm>

namespace spargio::detail {
namespace {
constexpr std::size_t arity = 4;
}

void timer_queue::arm(timer& entry, std::uint64_t deadline_ns) {
    SPARGIO_ASSERT(!entry.moves_);
    make_room(entry);
    rise(heap_.size() - 1, {deadline_ns, &entry});
}

void timer_queue::arm(movable_timer& entry) {
    make_room(entry);
    entry.queue_.store(this, std::memory_order_release);
    rise(heap_.size() - 1, {entry.settle(), &entry});
}

bool timer_queue::cancel(timer& entry) noexcept {
    if (!entry.armed())
        return false;
    remove(entry.place_);
    return true;
}

void timer_queue::move_up(movable_timer& entry) noexcept {
    if (entry.queue_.load(std::memory_order_acquire) != this)
        return;
    const std::uint64_t place_ns = heap_[entry.place_].deadline_ns;
    if (entry.deadline_ns() < place_ns)
        rise(entry.place_, {entry.settle(), &entry});
}

unsigned timer_queue::fire(std::uint64_t now_ns, work_list& ready) noexcept {
    unsigned fired = 0;
    while (!heap_.empty() && heap_.front().deadline_ns <= now_ns) {
        timer& due = *heap_.front().entry;
        if (due.moves_) {
            auto& moved = static_cast<movable_timer&>(due);
            if (moved.deadline_ns() > now_ns) {
                sink(0, {moved.settle(), &moved});
                continue;
            }
        }
        remove(0);
        ready.push(*due.waiter);
        ++fired;
    }
    return fired;
}

void timer_queue::make_room(const timer& entry) {
    SPARGIO_ASSERT(!entry.armed() && entry.waiter != nullptr);
    SPARGIO_ASSERT(heap_.size() < timer::none);
    heap_.emplace_back();
}

void timer_queue::remove(std::size_t place) noexcept {
    timer& gone = *heap_[place].entry;
    gone.place_ = timer::none;
    if (gone.moves_) {
        auto& moved = static_cast<movable_timer&>(gone);
        moved.place_ns_.store(0, std::memory_order_relaxed);
        moved.queue_.store(nullptr, std::memory_order_release);
    }
    const slot last = heap_.back();
    heap_.pop_back();
    if (place == heap_.size())
        return;
    // The last one may belong above or below the hole it fills.
    if (place > 0 && last.deadline_ns < heap_[(place - 1) / arity].deadline_ns) {
        rise(place, last);
    } else {
        sink(place, last);
    }
}

void timer_queue::rise(std::size_t place, slot what) noexcept {
    while (place > 0) {
        const std::size_t parent = (place - 1) / arity;
        if (heap_[parent].deadline_ns <= what.deadline_ns)
            break;
        put(place, heap_[parent]);
        place = parent;
    }
    put(place, what);
}

void timer_queue::sink(std::size_t place, slot what) noexcept {
    for (;;) {
        const std::size_t first = place * arity + 1;
        if (first >= heap_.size())
            break;
        const std::size_t end = std::min(first + arity, heap_.size());
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (heap_[child].deadline_ns < heap_[least].deadline_ns)
                least = child;
        }
        if (what.deadline_ns <= heap_[least].deadline_ns)
            break;
        put(place, heap_[least]);
        place = least;
    }
    put(place, what);
}

}  // namespace spargio::detail
