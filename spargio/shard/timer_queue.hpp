#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spargio/core/work_item.hpp"

namespace spargio::detail {

/// One deadline; a node of what waits for it. It must be out of the queue when it is destroyed
/// (asserted).
class timer {
public:
    timer() = default;
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    ~timer() { SPARGIO_ASSERT(!armed()); }

    [[nodiscard]] bool armed() const noexcept { return place_ != none; }

    /// Queued when the deadline passes.
    work_item* waiter = nullptr;

private:
    friend class timer_queue;
    static constexpr std::size_t none = ~std::size_t{0};

    std::size_t place_ = none;  // in the heap
};

/// A shard's deadlines in memory: a four-ary heap, so that arming and cancelling cost a few
/// compares and no system call. The earliest one bounds the shard's sleep. Thread: the owner arms
/// and cancels; the holder of the service claim fires. Limit: memory; 16 bytes a deadline beside
/// the node.
class timer_queue {
public:
    static constexpr std::uint64_t never = ~std::uint64_t{0};

    void arm(timer& entry, std::uint64_t deadline_ns);
    /// \return whether it was armed: false after it fired.
    bool cancel(timer& entry) noexcept;
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    [[nodiscard]] std::uint64_t earliest_ns() const noexcept {
        return heap_.empty() ? never : heap_.front().deadline_ns;
    }
    /// Queues the waiters of all deadlines up to `now_ns`, in their order. \return how many.
    unsigned fire(std::uint64_t now_ns, work_list& ready) noexcept;

private:
    struct slot {
        std::uint64_t deadline_ns;
        timer* entry;
    };

    void put(std::size_t place, slot what) noexcept {
        heap_[place] = what;
        what.entry->place_ = place;
    }
    void rise(std::size_t place, slot what) noexcept;
    void sink(std::size_t place, slot what) noexcept;
    void remove(std::size_t place) noexcept;

    std::vector<slot> heap_;
};

}  // namespace spargio::detail
