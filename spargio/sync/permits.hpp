#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "spargio/core/result.hpp"
#include "spargio/sync/line_operation.hpp"

namespace spargio::detail {

/// A number of permits that are taken and given back: what mutexes and semaphores are made of.
///
/// One word holds the permits and whether anybody stands in line. While nobody does, taking and
/// giving back are one compare-and-swap each. While somebody does, both go through the line: what
/// is given back is promised to the first, as soon as it is enough for him, and nobody passes him
/// by. Thread: any. Limit: `most` permits (asserted).
class permits {
public:
    static constexpr std::uint64_t most = std::uint64_t{1} << 62;

    explicit permits(std::uint64_t count) noexcept : word_(count * one) {
        SPARGIO_ASSERT(count <= most);
    }

    [[nodiscard]] bool try_take(std::uint64_t count) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        do {
            if ((seen & has_line) != 0 || seen / one < count)
                return false;
        } while (!word_.compare_exchange_weak(seen, seen - count * one, std::memory_order_acquire,
                                              std::memory_order_relaxed));
        return true;
    }
    void give_back(std::uint64_t count) noexcept {
        std::uint64_t seen = word_.load(std::memory_order_relaxed);
        do {
            SPARGIO_ASSERT(count <= most && seen / one + count <= most);
            if ((seen & has_line) != 0) [[unlikely]]
                return give_to_line(count);
        } while (!word_.compare_exchange_weak(seen, seen + count * one, std::memory_order_release,
                                              std::memory_order_relaxed));
    }
    [[nodiscard]] std::uint64_t left() const noexcept {
        return word_.load(std::memory_order_relaxed) / one;
    }

    void line_up(line_node& node, line_wait& wait) noexcept;
    void collect(line_node& node) noexcept { node.promised = false; }
    void leave(line_node& node) noexcept;

private:
    static constexpr std::uint64_t has_line = 1;
    static constexpr std::uint64_t one = 2;

    [[gnu::noinline]] void give_to_line(std::uint64_t count) noexcept;
    void serve(called_waits& called) noexcept;

    // With has_line set it changes under the line's lock alone.
    std::atomic<std::uint64_t> word_;
    wait_line line_;
};

/// Waits for permits and yields what `Held` makes of them.
template <class Held>
class permit_operation {
public:
    permit_operation(permits& from, std::uint64_t count, Held held) noexcept
        : from_(&from), held_(held) {
        node_.needed = count;
    }

    bool take() noexcept { return from_->try_take(node_.needed); }
    void line_up(line_wait& wait) noexcept { from_->line_up(node_, wait); }
    void collect() noexcept { from_->collect(node_); }
    bool leave() noexcept {
        from_->leave(node_);
        return false;
    }
    [[nodiscard]] bool promised() const noexcept { return node_.promised; }
    auto finish(bool done) noexcept -> result<decltype(std::declval<Held&>()())> {
        if (!done)
            return failure(ECANCELED);
        return held_();
    }

private:
    permits* from_;
    line_node node_;
    [[no_unique_address]] Held held_;
};

}  // namespace spargio::detail
