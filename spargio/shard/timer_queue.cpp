#include "spargio/shard/timer_queue.hpp"

#include <algorithm>

namespace spargio::detail {
namespace {
constexpr std::size_t arity = 4;
constexpr int sorted_at_once = 256;
}  // namespace

void timer_queue::arm(timer& entry, std::uint64_t deadline_ns) {
    SPARGIO_ASSERT(!entry.moves_);
    count_in(entry);
    heap_.emplace_back();
    rise(heap_.size() - 1, {deadline_ns, &entry});
}

void timer_queue::arm(movable_timer& entry) {
    count_in(entry);
    heap_.emplace_back();
    entry.queue_.store(this, std::memory_order_release);
    rise(heap_.size() - 1, {entry.settle(), &entry});
}

bool timer_queue::cancel(timer& entry) noexcept {
    if (!entry.armed())
        return false;
    --size_;
    if (entry.place_ < timer::among_young) {
        remove(entry.place_);
    } else {
        auto& list = entry.place_ == timer::among_fresh ? fresh_ : young_;
        list.remove(static_cast<limit_timer&>(entry));
        entry.place_ = timer::none;
    }
    return true;
}

void timer_queue::move_up(movable_timer& entry) noexcept {
    if (entry.queue_.load(std::memory_order_acquire) != this)
        return;
    const std::uint64_t place_ns = heap_[entry.place_].deadline_ns;
    if (entry.deadline_ns() < place_ns)
        rise(entry.place_, {entry.settle(), &entry});
}

std::uint64_t timer_queue::earliest_ns() const noexcept {
    SPARGIO_ASSERT(fresh_.empty());
    const std::uint64_t sorted = heap_.empty() ? never : heap_.front().deadline_ns;
    if (young_.empty())
        return sorted;
    return std::min(sorted, young_.first()->began_ns_ + youth_ns);
}

unsigned timer_queue::fire(std::uint64_t now_ns, work_list& ready) noexcept {
    begin(now_ns);
    while (!young_.empty() && young_.first()->began_ns_ + youth_ns <= now_ns)
        move_to_heap(*young_.pop());
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
    size_ -= fired;
    return fired;
}

// --- limits --------------------------------------------------------------------------------------

void timer_queue::arm_for(limit_timer& entry, std::uint64_t wait_ns) {
    count_in(entry);
    entry.ns_ = wait_ns;
    entry.place_ = timer::among_fresh;
    fresh_.push(entry);
}

void timer_queue::begin(std::uint64_t now_ns) noexcept {
    while (limit_timer* const entry = fresh_.pop()) {
        const bool brief = entry->ns_ < youth_ns;
        entry->ns_ = deadline_after(now_ns, entry->ns_);
        entry->began_ns_ = now_ns;
        if (brief) {
            move_to_heap(*entry);
        } else {
            entry->place_ = timer::among_young;
            young_.push(*entry);
        }
    }
}

bool timer_queue::sort_some() noexcept {
    for (int sorted = 0; sorted != sorted_at_once && !young_.empty(); ++sorted)
        move_to_heap(*young_.pop());
    return !young_.empty();
}

void timer_queue::move_to_heap(limit_timer& unlisted) noexcept {
    heap_.emplace_back();
    rise(heap_.size() - 1, {unlisted.ns_, &unlisted});
}

// --- the heap ------------------------------------------------------------------------------------

void timer_queue::count_in(const timer& entry) {
    SPARGIO_ASSERT(!entry.armed() && entry.waiter != nullptr);
    SPARGIO_ASSERT(size_ < timer::among_young);
    if (size_ == heap_.capacity()) [[unlikely]]
        make_room();
    ++size_;
}

/// Now, when who arms can still be told, and not when a limit moves there.
void timer_queue::make_room() {
    constexpr std::size_t least = 64;
    heap_.reserve(std::max(least, 2 * size_));
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
