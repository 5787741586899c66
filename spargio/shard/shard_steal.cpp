// How a shard finds stealable work of others, and offers its own to those who sleep.

#include <algorithm>

#include "spargio/shard/shard.hpp"

namespace spargio {

/// Shared items others may take from here: what exceeds the margin, if it comes to enough work.
unsigned shard::loot_shared(unsigned worth_ns) const noexcept {
    const steal_options& how = options_.stealing;
    const unsigned waiting = queues_.stealable();
    if (waiting <= how.locality_margin)
        return 0;
    const std::uint64_t each = turn_times_.item_ns_among(waiting);
    return each < how.item_worth_ns || each * waiting < worth_ns ? 0
                                                                 : waiting - how.locality_margin;
}

/// What `thief` finds worth taking here. Of what is next nobody knows how much work it is.
unsigned shard::loot_for(const shard& thief) const noexcept {
    return thief.spares(*this) ? loot_shared(contended_worth_ns()) : loot();
}

/// Who waits for its CPU leaves small things with who does not: there they are done sooner, and who
/// else wants this CPU has it. Thread: any.
bool shard::spares(const shard& victim) const noexcept {
    if (!contention_.may_be_wanted())
        return false;
    const std::uint64_t now = now_ns();
    return contention_.wanted(now) && !victim.contention_.wanted(now);
}

bool shard::loot_visible() const noexcept {
    return std::any_of(peers_.begin(), peers_.end(), [this](const auto& peer) {
        return peer.get() != this && peer->loot_for(*this) != 0;
    });
}

// --- the thief -----------------------------------------------------------------------------------

/// One search. \return whether it brought something into the own queues.
bool shard::search() noexcept {
    take_over_search();
    if (!searching_) {
        if (!share_->begin())
            return false;
        searching_ = true;
    }
    ++counters_.searches;
    const auto others = static_cast<unsigned>(peers_.size()) - 1;
    const auto other = [this](unsigned which) -> shard& {
        return *peers_[(index() + 1 + which) % peers_.size()];
    };
    const unsigned stolen = victims_.search(
        others,
        [&](unsigned which) {
            ++counters_.probes;
            return other(which).loot_for(*this);
        },
        [&](unsigned which) { return steal_from(other(which)); });
    if (stolen == 0) {
        ++counters_.searches_in_vain;
        return false;
    }
    ++counters_.thefts;
    counters_.items_stolen.add(stolen);
    counters_.searches_in_vain.set(0);
    return true;
}

unsigned shard::steal_from(shard& victim) noexcept {
    const steal_options& how = options_.stealing;
    const bool spared = spares(victim);
    const unsigned shared = victim.loot_shared(spared ? contended_worth_ns() : how.worth_ns);
    const unsigned wanted = std::min(how.batch_size, (shared + 1) / 2);
    unsigned stolen = 0;
    for (; stolen != wanted; ++stolen) {
        detail::work_item* const item = victim.queues_.steal();
        if (item == nullptr)
            break;
        queues_.push(*item);
    }
    return stolen != 0 || spared ? stolen : steal_next_of(victim);
}

unsigned shard::steal_next_of(shard& victim) noexcept {
    const unsigned wanted =
        std::min({options_.stealing.batch_size, next_theft_.batch(), (victim.loot_next() + 1) / 2});
    unsigned stolen = 0;
    for (; stolen != wanted; ++stolen) {
        detail::work_item* const item = victim.queues_.steal_next();
        if (item == nullptr)
            break;
        queues_.push_next(*item);
    }
    if (stolen != 0)
        next_theft_.begin(victim.next_worth_, stolen, counters_.forks_in_place.get(), now_ns());
    return stolen;
}

void shard::end_search() noexcept {
    searching_ = false;
    share_->end();
}

/// Who woke this shard to search has counted it already.
void shard::take_over_search() noexcept {
    if (!search_begun_.load(std::memory_order_relaxed) ||
        !search_begun_.exchange(false, std::memory_order_acquire))
        return;
    if (searching_)
        share_->end();
    searching_ = true;
}

// --- the victim ----------------------------------------------------------------------------------

/// One of a family of forks goes on to the next, which is as good as the end of an item.
bool shard::take_back(detail::work_item& fork) noexcept {
    // Those that are not worth it are over soon: what else there is waits for the end of the item.
    if (share_ != nullptr && (queues_.keeps_all_next() || share_->wanted()) && next_worth_.enough())
        offer_work();
    if (!queues_.take_back(fork))
        return false;
    ++counters_.forks_in_place;
    return true;
}

/// Lets others have what was woken or forked here: the newest too, when one of them has nothing to
/// do, or could not get at it while this shard runs something long.
void shard::share_next() noexcept {
    if (share_ != nullptr && next_worth_.enough())
        queues_.share_next(share_->idle_hands() || !share_->looks_inside() ? 0 : 1);
}

/// The shard's own turn to be asked counts: of two that differ, every second task still stays. Were
/// all to go, the shards would be a little more even, and each connection of a churn a fifth
/// dearer.
shard& shard::home_for_new_task() noexcept {
    if (share_ == nullptr)
        return *this;
    next_home_ = (next_home_ + 1) % static_cast<unsigned>(peers_.size());
    shard& other = *peers_[next_home_];
    constexpr unsigned few = 4;
    const unsigned there = other.ring_->in_flight();
    return ring_->in_flight() > there + there / 8 + few ? other : *this;
}

/// Between two items: shares what there is, and, while somebody sleeps and nobody searches, has one
/// woken for work that lies about for longer than a wake costs.
void shard::offer_work() noexcept {
    if (queues_.keeps_all_next())
        share_next();
    if (!share_->wanted())
        return;
    if (loot() == 0) {
        work_offered_ns_ = 0;
        return;
    }
    const std::uint64_t now = now_ns();
    if (work_offered_ns_ == 0) {
        work_offered_ns_ = now;
    } else if (now - work_offered_ns_ >= options_.stealing.wake_delay_ns) {
        work_offered_ns_ = 0;
        wake_searcher();
    }
}

void shard::wake_searcher() noexcept {
    if (!share_->wake())
        return;
    const std::size_t count = peers_.size();
    for (std::size_t step = 1; step != count; ++step) {
        shard& sleeper = *peers_[(index() + step) % count];
        if (!sleeper.gate_.announced() || loot_for(sleeper) == 0)
            continue;
        ++counters_.searchers_woken;
        // It may be about to sleep again without a bell: then its last look sees this.
        sleeper.search_begun_.store(true, std::memory_order_seq_cst);
        sleeper.wake_if_asleep();
        // Tasks run for now; the bell does not wait for them.
        ring_->submit_now();
        return;
    }
    share_->end();
}

}  // namespace spargio
