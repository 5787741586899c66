#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "spargio/shard/steal_options.hpp"

namespace spargio::detail {

/// What stealing a shard's next items has been worth, as told by who did: an item taken from the
/// middle of a tree of forks is worth all that it forks, which cannot be seen from outside.
/// Thread: any, but for keep_time(); thieves overwrite each other's news, since it is an estimate.
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
        news_.store(true, std::memory_order_relaxed);
    }
    /// What nobody steals, nobody measures either: has it tried again, a few times.
    void try_again() noexcept {
        if (enough())
            return;
        set(hardly_worth_it());
        news_.store(true, std::memory_order_relaxed);
    }
    /// Tries again when that was long ago. While others may have them the owner is asked for each
    /// fork: those that are hardly worth it, and that nobody takes, stay for now.
    /// Thread: the owner.
    void keep_time(std::uint64_t now_ns) noexcept {
        if (now_ns - tried_ns_ >= try_gap_ns) {
            tried_ns_ = now_ns;
            try_again();
        }
        if (news_.load(std::memory_order_relaxed)) {
            news_.store(false, std::memory_order_relaxed);
            news_ns_ = now_ns;
        } else if (now_ns - news_ns_ >= patience_ns && enough() &&
                   item_ns_.load(std::memory_order_relaxed) <= hardly_worth_it()) {
            set(how_.item_worth_ns / 2);
        }
    }

private:
    static constexpr std::uint64_t try_gap_ns = 1'000'000;
    static constexpr std::uint64_t patience_ns = 100'000;  // a sleeper wakes and steals in that

    void set(std::uint32_t item_ns) noexcept {
        item_ns_.store(item_ns, std::memory_order_relaxed);
        enough_.store(item_ns >= how_.item_worth_ns, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint32_t hardly_worth_it() const noexcept { return how_.item_worth_ns * 2; }

    const steal_options& how_;
    std::atomic<std::uint32_t> item_ns_;
    std::atomic<bool> enough_;
    std::atomic<bool> news_ = false;  // since the owner looked last
    std::uint64_t news_ns_ = 0;       // when it saw any
    std::uint64_t tried_ns_ = 0;
};

/// What a thief remembers of the next items it stole last, until they have been run.
/// Thread: the thief.
class next_theft {
public:
    /// How many to take next time: one, which is the largest of a tree of forks, or twice as many
    /// as before when those forked nothing, and so are alike, or were over too soon.
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
        const std::uint64_t took_ns = now_ns - since_ns_;
        victim_->learn(took_ns / items_);
        victim_ = nullptr;
        // Each of them but the first may count as one in place.
        if (forks - forks_ < items_ || took_ns < too_soon_ns) {
            batch_ = std::min(2 * batch_, most);
        } else if (took_ns >= long_ns) {
            batch_ = 1;
        }
    }

private:
    // Of what several items took together. A victim whose oldest items had their turns, too, has no
    // large ones left, and a theft costs about a microsecond.
    static constexpr std::uint64_t too_soon_ns = 30'000;
    static constexpr std::uint64_t long_ns = 150'000;

    next_worth* victim_ = nullptr;
    unsigned items_ = 0;
    unsigned batch_ = 1;
    std::uint64_t forks_ = 0;
    std::uint64_t since_ns_ = 0;
};

}  // namespace spargio::detail
