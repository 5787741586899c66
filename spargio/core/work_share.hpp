#pragma once

#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// Who looks for work, and who sleeps: what the shards of a runtime know of each other as thieves.
///
///   maker:    queue the item (seq_cst); wanted()? then one maker's wake() says true, and it rings
///   sleeper:  end(); sleeps(); look at every queue once more; sleep in the kernel; woke_up()
///
/// Either the maker sees the sleeper, or the sleeper's last look sees the item. While anybody
/// searches nobody is woken: the searcher will see the item, or, as the last to give up, it looks
/// once more on its way to sleep. Who makes or finds more than it runs at once asks again after
/// each item, so sleepers come one by one for as long as there is work. Model-checked in
/// tests/model/work_share.pml.
/// Thread: any. Limit: half the shards, and one at least, search at once.
class work_share {
public:
    /// `looks_inside`: whoever has nothing to do can also get at what an owner keeps to itself.
    explicit work_share(unsigned shards, bool looks_inside = false) noexcept
        : most_searching_(shards > 1 ? shards / 2 : 1), looks_inside_(looks_inside) {}

    [[nodiscard]] bool looks_inside() const noexcept { return looks_inside_; }
    /// Somebody has nothing to do: what would be kept back to be run here is better shared.
    [[nodiscard]] bool idle_hands() const noexcept {
        return state_.load(std::memory_order_seq_cst) != 0;
    }

    /// To search. False: enough others do.
    [[nodiscard]] bool begin() noexcept {
        std::uint64_t seen = state_.load(std::memory_order_relaxed);
        do {
            if (searching(seen) >= most_searching_)
                return false;
        } while (!state_.compare_exchange_weak(
            seen, seen + one_searching, std::memory_order_seq_cst, std::memory_order_relaxed));
        return true;
    }
    /// Ends a search. \return whether nobody searches now.
    bool end() noexcept {
        return searching(state_.fetch_sub(one_searching, std::memory_order_seq_cst)) == 1;
    }
    void sleeps() noexcept { state_.fetch_add(one_asleep, std::memory_order_seq_cst); }
    void woke_up() noexcept { state_.fetch_sub(one_asleep, std::memory_order_relaxed); }

    /// Somebody sleeps and nobody searches: who made work may have one woken.
    [[nodiscard]] bool wanted() const noexcept {
        const std::uint64_t seen = state_.load(std::memory_order_seq_cst);
        return searching(seen) == 0 && seen >= one_asleep;
    }
    /// True for one of those who saw wanted(). That one wakes a sleeper, for whom a search has
    /// begun here.
    [[nodiscard]] bool wake() noexcept {
        std::uint64_t seen = state_.load(std::memory_order_relaxed);
        do {
            if (searching(seen) != 0 || seen < one_asleep)
                return false;
        } while (!state_.compare_exchange_weak(
            seen, seen + one_searching, std::memory_order_seq_cst, std::memory_order_relaxed));
        return true;
    }

    /// To be one of the two sleepers that look after those who are awake: two, so that there still
    /// is one when the other is woken. False: enough others do. Model-checked in
    /// tests/model/watch.pml.
    [[nodiscard]] bool begin_watch() noexcept {
        unsigned seen = watchers_.load(std::memory_order_relaxed);
        do {
            if (seen == most_watchers)
                return false;
        } while (!watchers_.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel,
                                                  std::memory_order_relaxed));
        return true;
    }
    /// Who sleeps on after this looks once more whether all others do.
    void end_watch() noexcept { watchers_.fetch_sub(1, std::memory_order_seq_cst); }
    /// Asked by who has just announced that it is awake.
    [[nodiscard]] bool watched() const noexcept {
        return watchers_.load(std::memory_order_seq_cst) != 0;
    }

private:
    static constexpr unsigned most_watchers = 2;
    static constexpr std::uint64_t one_searching = 1;
    static constexpr std::uint64_t one_asleep = std::uint64_t{1} << 32;
    static constexpr std::uint64_t searching(std::uint64_t state) noexcept {
        return state & (one_asleep - 1);
    }

    const std::uint64_t most_searching_;
    const bool looks_inside_;
    alignas(64) std::atomic<std::uint64_t> state_ = 0;
    alignas(64) std::atomic<unsigned> watchers_ = 0;
};

}  // namespace spargio::detail
