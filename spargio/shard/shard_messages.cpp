// What a shard sends to others, and what it takes of what they sent.

#include <algorithm>

#include "spargio/shard/message_lane.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

using detail::lane_kind;

std::size_t shard::send(shard& target, std::span<const raw_message> sent) noexcept {
    shard* const here = current();
    shard* const source = here != nullptr && here->knows(target) ? here : nullptr;
    const std::size_t accepted = target.options_.tags == nullptr
                                     ? target.take_in(source, sent, lane_kind::ordinary)
                                     : target.take_in_by_tag(source, sent);
    const std::size_t refused = sent.size() - accepted;
    if (source != nullptr) {
        source->counters_.messages_submitted.add(accepted);
        source->counters_.messages_backpressured.add(refused);
        source->outbox_.wrote_to(target.index());
        return accepted;
    }
    if (refused != 0) [[unlikely]]
        target.counters_.backpressured_outside.fetch_add(refused, std::memory_order_relaxed);
    if (accepted != 0)
        target.wake_if_asleep();
    return accepted;
}

/// By the lane that is there already and takes every tag, as nearly always.
bool shard::send_one(shard& target, const raw_message& sent) noexcept {
    shard* const here = current();
    if (here != nullptr && target.options_.tags == nullptr && here->knows(target)) {
        detail::message_lane* const lane =
            here->outbox_.lane_to(target.index(), lane_kind::ordinary);
        if (lane != nullptr && lane->push(sent)) [[likely]] {
            ++here->counters_.messages_submitted;
            here->outbox_.wrote_to(target.index());
            return true;
        }
    }
    return send(target, std::span(&sent, 1)) != 0;
}

/// `source`: who writes, or null for a thread that has no lane.
std::size_t shard::take_in(shard* source, std::span<const raw_message> sent,
                           lane_kind kind) noexcept {
    detail::inbox& inbox = inbox_of(kind);
    if (source == nullptr) {
        std::size_t accepted = 0;
        while (accepted != sent.size() &&
               inbox.push({message::no_shard, sent[accepted].tag, sent[accepted].value}))
            ++accepted;
        return accepted;
    }
    detail::message_lane*& lane = source->outbox_.lane_to(index(), kind);
    if (lane == nullptr) [[unlikely]]
        lane = open_lane(source->index(), kind);
    return lane != nullptr ? lane->push(sent) : 0;
}

detail::message_lane* shard::open_lane(unsigned source, lane_kind kind) noexcept {
    detail::message_lane* const made =
        detail::message_lane::make(source, options_.mailbox_capacity);
    if (made != nullptr)
        inbox_of(kind).attach(*made);
    return made;
}

/// Runs of one kind at a time, up to the first that finds no room.
std::size_t shard::take_in_by_tag(shard* source, std::span<const raw_message> sent) noexcept {
    using kind = detail::tag_table::kind;
    const detail::tag_table& tags = *options_.tags;
    std::size_t accepted = 0;
    while (accepted != sent.size()) {
        const auto left = sent.subspan(accepted);
        const auto first = tags.find(left.front().tag);
        if (first.is == kind::coalesced) {
            if (!add_to_count(source, first.number, left.front().value))
                break;
            ++accepted;
            continue;
        }
        const auto end = std::find_if(left.begin() + 1, left.end(), [&](const raw_message& each) {
            return tags.find(each.tag).is != first.is;
        });
        const auto run = left.first(static_cast<std::size_t>(end - left.begin()));
        const std::size_t taken =
            take_in(source, run, first.is == kind::hot ? lane_kind::hot : lane_kind::ordinary);
        accepted += taken;
        if (taken != run.size())
            break;
    }
    return accepted;
}

bool shard::add_to_count(shard* source, std::uint8_t number, std::uint64_t value) noexcept {
    if (source == nullptr)
        return counts_.add(number, value);
    detail::hot_cells*& cells = source->outbox_.cells_at(index());
    if (cells == nullptr) [[unlikely]] {
        cells = detail::hot_cells::make(options_.tags->coalesced().size());
        if (cells == nullptr)
            return false;
        counts_.attach(*cells);
    }
    return cells->of[number].add(value);
}

std::optional<std::uint8_t> shard::number_of_coalesced(std::uint32_t tag) const noexcept {
    if (options_.tags == nullptr)
        return std::nullopt;
    const auto found = options_.tags->find(tag);
    if (found.is != detail::tag_table::kind::coalesced)
        return std::nullopt;
    return found.number;
}

/// Looks who sleeps among those written to. Between the writing and this look stands a fence, as
/// sleep_gate asks of a source; one for all the messages of a turn.
void shard::ring_bells() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    outbox_.for_each_written([this](unsigned target) { peers_[target]->wake_if_asleep(); });
}

void shard::flush_messages() noexcept {
    ring_bells_due();
    ring_->submit_now();
    if (ring_->unsubmitted() == 0)
        return;
    // The kernel has no room for requests just now. Bells that are due are struck another way.
    for (const auto& peer : peers_) {
        if (peer->gate_.still_rung())
            peer->strike_outside_bell();
    }
}

bool shard::receive(message_wait& wait, lane_kind kind) noexcept {
    if (!inbox_of(kind).receive(wait))
        return false;
    counters_.messages_received.add(wait.taken);
    return true;
}

void shard::deliver_messages() noexcept {
    if (messages_.awaited())
        counters_.messages_received.add(messages_.deliver(woken_));
    if (hot_messages_.awaited())
        counters_.messages_received.add(hot_messages_.deliver(woken_));
    if (counts_.awaited()) {
        // Who steps in for a stuck shard does not hold back.
        const bool busy = current() == this && !(woken_.empty() && queues_.empty());
        counts_.deliver(woken_, busy);
    }
}

}  // namespace spargio
