#include "spargio/shard/inbox.hpp"

#include <algorithm>

#include "spargio/shard/message_lane.hpp"

namespace spargio::detail {

inbox::~inbox() {
    for (message_lane* lane = lanes_.load(std::memory_order_acquire); lane != nullptr;) {
        message_lane* const older = lane->next;
        delete lane;
        lane = older;
    }
}

void inbox::attach(message_lane& lane) noexcept {
    lane.next = lanes_.load(std::memory_order_relaxed);
    while (!lanes_.compare_exchange_weak(lane.next, &lane, std::memory_order_seq_cst,
                                         std::memory_order_relaxed)) {
    }
}

bool inbox::empty() const noexcept {
    for (const message_lane* lane = lanes_.load(std::memory_order_seq_cst); lane != nullptr;
         lane = lane->next) {
        if (!lane->empty())
            return false;
    }
    return outside_.empty();
}

std::uint64_t inbox::waiting() const noexcept {
    std::uint64_t sum = outside_.waiting();
    for (const message_lane* lane = lanes_.load(std::memory_order_acquire); lane != nullptr;
         lane = lane->next)
        sum += lane->waiting();
    return sum;
}

message_lane* inbox::direct_lane_of(unsigned source) noexcept {
    message_lane* lane = lanes_.load(std::memory_order_acquire);
    while (lane != nullptr && !(lane->direct && lane->source() == source))
        lane = lane->next;
    return lane;
}

// --- taking --------------------------------------------------------------------------------------

void inbox::next_source() noexcept {
    at_ = at_ != nullptr ? at_->next : lanes_.load(std::memory_order_acquire);
    in_a_row_ = 0;
}

std::size_t inbox::take_outside(std::span<message> room) noexcept {
    std::size_t count = 0;
    while (count != room.size() && outside_.pop(room[count]))
        ++count;
    return count;
}

/// Ends when `room` is full, or after a round in which nobody had anything.
std::size_t inbox::take(std::span<message> room) noexcept {
    std::size_t taken = 0;
    for (bool found = true; found;) {
        found = false;
        const message_lane* const began = at_;
        do {
            const auto share =
                room.subspan(taken, std::min(room.size() - taken, most_in_a_row - in_a_row_));
            const std::size_t count = at_ != nullptr ? at_->pop(share) : take_outside(share);
            taken += count;
            in_a_row_ += count;
            found = found || count != 0;
            if (taken == room.size() && in_a_row_ != most_in_a_row)
                return taken;
            next_source();
            if (taken == room.size())
                return taken;
        } while (at_ != began);
    }
    return taken;
}

bool inbox::receive(message_wait& wait) noexcept {
    SPARGIO_ASSERT(!wait.room.empty());
    if (first_ == nullptr) {
        wait.taken = take(wait.room);
        if (wait.taken != 0)
            return true;
    }
    wait.next = nullptr;
    (last_ != nullptr ? last_->next : first_) = &wait;
    last_ = &wait;
    return false;
}

bool inbox::stop_receiving(message_wait& wait) noexcept {
    message_wait* before = nullptr;
    for (message_wait* at = first_; at != nullptr; before = at, at = at->next) {
        if (at != &wait)
            continue;
        (before != nullptr ? before->next : first_) = wait.next;
        if (last_ == &wait)
            last_ = before;
        return true;
    }
    return false;
}

std::size_t inbox::deliver(work_list& woken) noexcept {
    std::size_t all = 0;
    while (first_ != nullptr) {
        message_wait& served = *first_;
        served.taken = take(served.room);
        if (served.taken == 0)
            break;
        all += served.taken;
        first_ = served.next;
        if (first_ == nullptr)
            last_ = nullptr;
        woken.push(*served.waiter);
    }
    return all;
}

}  // namespace spargio::detail
