#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace spargio::detail {

/// What the items of a shard take, by its turns of late, and how many of the next ones a turn may
/// have therefore: a chain of forks goes on as next, and would be each of the items that its first
/// family was.
/// Thread: the owner; any for item_ns() and item_ns_among().
class turn_times {
public:
    static constexpr unsigned most_items = 256;
    /// Well within rescue_options::after_us: a shard whose turn lasts is taken for stuck.
    static constexpr unsigned longest_ns = 20'000;

    /// A turn of `items`, of `waiting` that were ready, took `took_ns`.
    void learn(std::uint64_t took_ns, unsigned items, unsigned waiting) noexcept {
        items = std::max(items, 1u);
        const std::uint64_t each_ns = std::min(took_ns / items, longest_item_ns);
        add(item_ns_, each_ns);
        if (waiting >= crowd)
            add(crowd_item_ns_, each_ns);
        if (took_ns > longest_ns) {
            most_next_ = static_cast<unsigned>(
                std::max(items * std::uint64_t{longest_ns} / took_ns, std::uint64_t{1}));
        } else if (took_ns < longest_ns / 2) {
            most_next_ = std::min(2 * most_next_, most_items);
        }
    }

    /// How many of the items that are next a turn may have.
    [[nodiscard]] unsigned most_next() const noexcept { return most_next_; }
    /// What an item takes, a mean of the last dozen turns, more or less.
    [[nodiscard]] std::uint32_t item_ns() const noexcept {
        return item_ns_.load(std::memory_order_relaxed);
    }
    /// The same for one of `waiting` items. Many are alike: by turns in which many waited, so that
    /// the one that spawned them, and had a turn to itself, is not taken for one of them.
    [[nodiscard]] std::uint32_t item_ns_among(unsigned waiting) const noexcept {
        return waiting >= crowd ? crowd_item_ns_.load(std::memory_order_relaxed) : item_ns();
    }

private:
    static constexpr unsigned crowd = 16;
    static constexpr std::uint64_t longest_item_ns = 1'000'000;

    static void add(std::atomic<std::uint32_t>& mean_ns, std::uint64_t each_ns) noexcept {
        const std::uint64_t mean = mean_ns.load(std::memory_order_relaxed);
        mean_ns.store(static_cast<std::uint32_t>((7 * mean + each_ns) / 8),
                      std::memory_order_relaxed);
    }

    unsigned most_next_ = most_items;
    // Until they are known items are worth being stolen.
    std::atomic<std::uint32_t> item_ns_ = 10'000;
    std::atomic<std::uint32_t> crowd_item_ns_ = 10'000;
};

}  // namespace spargio::detail
