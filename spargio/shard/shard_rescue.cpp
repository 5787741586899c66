// How shards look after one that is stuck in a task: others service it, under its claim.

#include <algorithm>

#include "spargio/core/pause.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio {

/// Steps in for every peer whose turn has lasted too long, if the last look is not too recent. A
/// peer in the middle of a turn has given its claim up; one that services itself or sleeps has it.
/// \return whether anything came of it into the own queues.
bool shard::look_after_peers(std::uint64_t now) noexcept {
    if (options_.rescue.after_us == 0 || now < next_look_ns_)
        return false;
    const std::uint64_t patience = std::uint64_t{options_.rescue.after_us} * 1000;
    next_look_ns_ = now + patience / 4;
    bool brought = false;
    peer_is_stuck_ = false;
    for (std::size_t i = 0; i != peers_.size(); ++i) {
        shard& peer = *peers_[i];
        if (&peer == this)
            continue;
        watched_turn& seen = watched_[i];
        const std::uint64_t turn = peer.counters_.turns.get();
        if (turn != seen.turn || !peer.claim_.free()) {
            seen = {turn, now};
        } else if (now - seen.since_ns >= patience) {
            peer_is_stuck_ = true;
            brought |= rescue(peer);
        } else if (const std::uint64_t forks = peer.counters_.forks_in_place.get();
                   forks != seen.forks) {
            seen.forks = forks;
        } else if (peer.queues_.hidden() != 0) {
            expose(peer);
        }
    }
    return brought;
}

/// What a shard keeps to itself, to run it next, is for others too when what it runs takes long,
/// however little it is.
void shard::expose(shard& busy) noexcept {
    busy.next_worth_.try_again();
    if (share_->looks_inside())
        busy.queues_.expose_next([this] { return nudge(); });
}

/// Makes every CPU that runs shards enter the kernel and pass a memory barrier.
bool shard::nudge() noexcept {
    if (kernel_.nudge() != 0)
        return false;
    ++counters_.nudges;
    return true;
}

/// Takes over what has become ready on `stuck` and may be run anywhere. What is pinned there waits
/// for its shard, in the order in which it came.
bool shard::rescue(shard& stuck) noexcept {
    // Completions that the kernel holds back are posted when that CPU comes back from an interrupt.
    if (stuck.ring_->entry_wanted() && nudge()) {
        for (int look = 0; look != most_looks_after_nudge; ++look) {
            if (stuck.ring_->completions_visible())
                break;
            detail::pause();
        }
    }
    expose(stuck);
    if (!stuck.claim_.try_acquire())
        return false;
    ++counters_.rescues;
    stuck.gather_woken();
    // What could not be answered may be by now, as the cancel of what was just on its way to wait;
    // some of it, or the claim would be held for long.
    for (std::size_t again = std::min(stuck.left_.size(), most_asked_again); again != 0; --again)
        stuck.woken_.push(stuck.left_.pop());
    // However little it seems: it waits.
    unsigned moved = 0;
    for (; moved != options_.stealing.batch_size; ++moved) {
        detail::work_item* item = stuck.queues_.steal();
        if (item == nullptr)
            item = stuck.queues_.steal_next();
        if (item == nullptr)
            break;
        queues_.push(*item);
    }
    detail::work_list pinned;
    while (!stuck.woken_.empty()) {
        detail::work_item& item = stuck.woken_.pop();
        switch (item.kind) {
        case detail::work_kind::request:
            item.run(item);
            break;
        case detail::work_kind::stealable:
            queues_.push(item);
            ++moved;
            break;
        case detail::work_kind::pinned:
            pinned.push(item);
            break;
        }
    }
    while (!pinned.empty())
        stuck.woken_.push(pinned.pop());
    stuck.claim_.release();
    counters_.items_rescued.add(moved);
    // A request, too, may have queued here what it ended the wait of, as that of sync's lines.
    return !queues_.empty();
}

// --- the watcher ---------------------------------------------------------------------------------

bool shard::others_sleep() const noexcept {
    return std::all_of(peers_.begin(), peers_.end(), [this](const auto& peer) {
        return peer.get() == this || peer->gate_.announced();
    });
}

/// How long a sleeper may sleep: of those who do while others are awake, two look up now and then.
std::uint64_t shard::time_to_next_watch(std::uint64_t now) noexcept {
    if (share_ == nullptr || options_.rescue.after_us == 0)
        return kernel::no_timeout;
    if (!watching_) {
        if (!share_->begin_watch())
            return kernel::no_timeout;
        watching_ = true;
        watch_ends_ns_ = 0;
    }
    if (!others_sleep() || watch_ends_ns_ == 0)
        watch_ends_ns_ = now + std::uint64_t{options_.rescue.linger_ms} * 1'000'000;
    if (now >= watch_ends_ns_) {
        end_watch();
        // Who wakes just now may have seen this watch, and called nobody.
        if (others_sleep() || !share_->begin_watch())
            return kernel::no_timeout;
        watching_ = true;
        watch_ends_ns_ = 0;
    }
    return std::uint64_t{peer_is_stuck_ ? options_.rescue.stuck_us : options_.rescue.watch_us} *
           1000;
}

void shard::end_watch() noexcept {
    if (!watching_)
        return;
    watching_ = false;
    share_->end_watch();
}

/// Who wakes while nobody watches has one of the sleepers do it.
void shard::call_watcher() noexcept {
    if (options_.rescue.after_us == 0 || share_->watched())
        return;
    const auto sleeper = std::find_if(peers_.begin(), peers_.end(), [this](const auto& peer) {
        return peer.get() != this && peer->gate_.announced();
    });
    if (sleeper == peers_.end())
        return;
    (*sleeper)->wake_if_asleep();
    ring_->submit_now();
}

}  // namespace spargio
