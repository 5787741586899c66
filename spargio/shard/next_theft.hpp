#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "spargio/shard/steal_options.hpp"

namespace spargio::detail {

/// What stealing a shard's next items has been worth, as told by who did: an item taken from the
/// middle of a tree of forks is worth all that it forks, which cannot be seen from outside.
/// Thread: any; thieves overwrite each other's news, since it is an estimate.
class next_worth {
public:
    explicit next_worth(const steal_options& how) noexcept
        : how_(how), item_ns_(how.worth_ns), enough_(how.worth_ns >= how.item_worth_ns) {}

    /// How many of `waiting` items others may take: what exceeds the margin, if it comes to enough
    /// work with what is `hidden`. Half as much as of shared items is: somebody waits for these.
    [[nodiscard]] unsigned loot(unsigned waiting, unsigned hidden) const noexcept {
        if (waiting <= how_.locality_margin)
            return 0;
        const std::uint64_t each = item_ns_.load(std::memory_order_relaxed);
        return each < how_.item_worth_ns || each * (waiting + hidden) < how_.worth_ns / 2
                   ? 0
                   : waiting - how_.locality_margin;
    }
    /// Whether they are worth being shared at all.
    [[nodiscard]] bool enough() const noexcept { return enough_.load(std::memory_order_relaxed); }
    /// The same, to be looked at by who cannot ask.
    [[nodiscard]] const std::atomic<bool>& enough_flag() const noexcept { return enough_; }
    /// An item took its thief `took_ns`. Up at once, down by and by: the last of a tree are small.
    void learn(std::uint64_t took_ns) noexcept {
        const std::uint64_t seen = std::min(took_ns, std::uint64_t{how_.worth_ns} * 2);
        const std::uint64_t mean = item_ns_.load(std::memory_order_relaxed);
        const std::uint64_t now = seen > mean ? (mean + seen) / 2 : (3 * mean + seen) / 4;
        set(static_cast<std::uint32_t>(now));
    }
    /// What nobody steals, nobody measures either: has it tried again, a few times.
    void try_again() noexcept {
        if (!enough())
            set(how_.item_worth_ns * 2);
    }

private:
    void set(std::uint32_t item_ns) noexcept {
        item_ns_.store(item_ns, std::memory_order_relaxed);
        enough_.store(item_ns >= how_.item_worth_ns, std::memory_order_relaxed);
    }

    const steal_options& how_;
    std::atomic<std::uint32_t> item_ns_;
    std::atomic<bool> enough_;
};

/// What a thief remembers of the next items it stole last, until they have been run.
/// Thread: the thief.
class next_theft {
public:
    /// How many to take next time: one, which is the largest of a tree of forks, or twice as many
    /// as before when those forked nothing; then they are alike.
    [[nodiscard]] unsigned batch() const noexcept { return batch_; }

    /// `forks` is how many this shard has run in place of who forked them so far.
    void begin(next_worth& victim, unsigned items, std::uint64_t forks,
               std::uint64_t now_ns) noexcept {
        victim_ = &victim;
        items_ = items;
        forks_ = forks;
        since_ns_ = now_ns;
    }
    [[nodiscard]] bool under_way() const noexcept { return victim_ != nullptr; }
    /// All of them have been run. \pre under_way()
    void end(std::uint64_t forks, std::uint64_t now_ns, unsigned most) noexcept {
        victim_->learn((now_ns - since_ns_) / items_);
        victim_ = nullptr;
        // Each of them but the first may count as one in place.
        batch_ = forks - forks_ < items_ ? std::min(2 * batch_, most) : 1;
    }

private:
    next_worth* victim_ = nullptr;
    unsigned items_ = 0;
    unsigned batch_ = 1;
    std::uint64_t forks_ = 0;
    std::uint64_t since_ns_ = 0;
};

}  // namespace spargio::detail
