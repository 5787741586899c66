// What a shard sends to others, and what it takes of what they sent.

#include "spargio/shard/shard.hpp"

namespace spargio {

using detail::lane_kind;

std::size_t shard::send(shard& target, std::span<const raw_message> sent) noexcept {
    shard* const source = current();
    if (source == nullptr || !source->knows(target))
        return target.take_from_outside(sent);
    detail::message_lane*& lane = source->outbox_.lane_to(target.index(), lane_kind::ordinary);
    if (lane == nullptr && !source->open_lane(target, lane, lane_kind::ordinary)) [[unlikely]]
        return 0;
    const std::size_t accepted = lane->push(sent);
    source->counters_.messages_submitted.add(accepted);
    source->counters_.messages_backpressured.add(sent.size() - accepted);
    source->outbox_.wrote_to(target.index());
    return accepted;
}

bool shard::open_lane(shard& target, detail::message_lane*& lane, lane_kind kind) noexcept {
    lane = detail::message_lane::make(index(), target.options_.mailbox_capacity);
    if (lane == nullptr)
        return false;
    target.inbox_of(kind).attach(*lane);
    return true;
}

/// Looks who sleeps among those written to. Between the writing and this look stands a fence, as
/// sleep_gate asks of a source; one for all the messages of a turn.
void shard::ring_bells() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    outbox_.for_each_written([this](unsigned target) { peers_[target]->wake_if_asleep(); });
}

void shard::flush_messages() noexcept {
    if (outbox_.bells_due())
        ring_bells();
    ring_->submit_now();
    if (ring_->unsubmitted() == 0)
        return;
    // The kernel has no room for requests just now. Bells that are due are struck another way.
    for (const auto& peer : peers_) {
        if (peer->gate_.still_rung())
            peer->strike_outside_bell();
    }
}

std::size_t shard::take_from_outside(std::span<const raw_message> sent) noexcept {
    std::size_t accepted = 0;
    for (; accepted != sent.size(); ++accepted) {
        const raw_message& each = sent[accepted];
        if (!messages_.push({message::no_shard, each.tag, each.value}))
            break;
    }
    if (accepted != sent.size())
        counters_.backpressured_outside.fetch_add(sent.size() - accepted,
                                                  std::memory_order_relaxed);
    if (accepted != 0)
        wake_if_asleep();
    return accepted;
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
}

}  // namespace spargio
