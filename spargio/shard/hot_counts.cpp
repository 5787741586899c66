#include "spargio/shard/hot_counts.hpp"

namespace spargio::detail {

hot_counts::hot_counts(const tag_table* tags)
    : outside_(tags != nullptr ? tags->coalesced().size() : 0) {
    if (tags == nullptr)
        return;
    for (const coalesced_tag& each : tags->coalesced())
        thresholds_.push_back(each.wake_threshold);
    if (!thresholds_.empty() && outside_.of == nullptr)
        throw std::bad_alloc();
}

hot_counts::~hot_counts() {
    for (hot_cells* cells = cells_.load(std::memory_order_acquire); cells != nullptr;) {
        hot_cells* const older = cells->next;
        delete cells;
        cells = older;
    }
}

void hot_counts::attach(hot_cells& cells) noexcept {
    cells.next = cells_.load(std::memory_order_relaxed);
    while (!cells_.compare_exchange_weak(cells.next, &cells, std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
    }
}

std::uint64_t hot_counts::there(std::uint8_t number, std::uint64_t enough) const noexcept {
    std::uint64_t sum = std::min(outside_.of[number].there(), enough);
    for (const hot_cells* cells = cells_.load(std::memory_order_seq_cst); cells != nullptr;
         cells = cells->next)
        sum += std::min(cells->of[number].there(), enough - sum);
    return sum;
}

std::uint64_t hot_counts::take(std::uint8_t number) noexcept {
    std::uint64_t sum = outside_.of[number].take(hot_cell::most);
    for (hot_cells* cells = cells_.load(std::memory_order_acquire); cells != nullptr;
         cells = cells->next)
        sum += cells->of[number].take(hot_cell::most - sum);
    return sum;
}

bool hot_counts::receive(count_wait& wait) noexcept {
    count_wait** last = &first_;
    bool somebody_waits = false;
    for (; *last != nullptr; last = &(*last)->next)
        somebody_waits = somebody_waits || (*last)->number == wait.number;
    if (!somebody_waits &&
        there(wait.number, thresholds_[wait.number]) == thresholds_[wait.number]) {
        wait.count = take(wait.number);
        return true;
    }
    wait.next = nullptr;
    wait.services_held = 0;
    *last = &wait;
    return false;
}

bool hot_counts::stop_receiving(count_wait& wait) noexcept {
    for (count_wait** at = &first_; *at != nullptr; at = &(*at)->next) {
        if (*at != &wait)
            continue;
        *at = wait.next;
        return true;
    }
    return false;
}

bool hot_counts::deliverable() const noexcept {
    for (const count_wait* at = first_; at != nullptr; at = at->next) {
        if (there(at->number, 1) != 0)
            return true;
    }
    return false;
}

/// The first who waits for a tag gets all that there is, so who comes later finds nothing.
void hot_counts::deliver(work_list& woken, bool busy) noexcept {
    for (count_wait** at = &first_; *at != nullptr;) {
        count_wait& wait = **at;
        const std::uint64_t enough = thresholds_[wait.number];
        const std::uint64_t seen = there(wait.number, enough);
        if (seen == 0 || (seen < enough && busy && ++wait.services_held < most_services_held)) {
            at = &wait.next;
            continue;
        }
        wait.count = take(wait.number);
        *at = wait.next;
        woken.push(*wait.waiter);
    }
}

}  // namespace spargio::detail
