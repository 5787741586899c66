#pragma once

#include <algorithm>
#include <optional>

#include "spargio/shard/steal_options.hpp"

namespace spargio::detail {

/// Whom a thief looks at, and for how long: at a few of the others, from another one each time, and
/// again after a theft that found nothing, for as long as the budget lasts.
/// Thread: the thief.
class victim_search {
public:
    explicit victim_search(const steal_options& how) noexcept : how_(how) {}

    /// One search among `others`. `loot(k)` says how much the k-th of them has, `steal(k)` takes
    /// what it can. \return what was stolen.
    template <class Loot, class Steal>
    [[nodiscard]] unsigned search(unsigned others, Loot loot, Steal steal) noexcept {
        unsigned budget = how_.budget;
        while (const auto victim = busiest(others, budget, loot)) {
            if (const unsigned stolen = steal(*victim))
                return stolen;
            budget -= std::min(budget, how_.fail_cost);
        }
        return 0;
    }

private:
    /// Of those it looks at the one with most; none when none has any, or the budget is spent.
    template <class Loot>
    [[nodiscard]] std::optional<unsigned> busiest(unsigned others, unsigned& budget,
                                                  Loot loot) noexcept {
        const unsigned probes = std::min({how_.probe_count, others, budget});
        budget -= probes;
        std::optional<unsigned> found;
        unsigned most = 0;
        for (unsigned probe = 0; probe != probes; ++probe) {
            const unsigned at = (next_ + probe * how_.victim_stride) % others;
            if (const unsigned has = loot(at); has > most) {
                most = has;
                found = at;
            }
        }
        // From another one next time, or a stride that divides their number would leave some out.
        next_ = (next_ + 1) % others;
        return found;
    }

    const steal_options& how_;
    unsigned next_ = 0;
};

/// At which looks of a spin to search: more and more seldom.
class search_pace {
public:
    explicit search_pace(const steal_options& how) noexcept
        : gap_(how.backoff_min), longest_(how.backoff_max), next_(gap_) {}

    /// Asked at each look, counted from 1.
    [[nodiscard]] bool due(unsigned look) noexcept {
        if (look != next_)
            return false;
        gap_ = std::min(2 * gap_, longest_);
        next_ += gap_;
        return true;
    }

private:
    unsigned gap_;
    const unsigned longest_;
    unsigned next_;
};

}  // namespace spargio::detail
