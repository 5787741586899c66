#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "spargio/core/linked_line.hpp"
#include "spargio/core/work_item.hpp"

namespace spargio::detail {

class timer_queue;

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

protected:
    struct movable {};
    explicit timer(movable) noexcept : moves_(true) {}

private:
    friend class timer_queue;
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    // It is a limit_timer, in one of the two lists.
    static constexpr std::uint32_t among_fresh = none - 1;
    static constexpr std::uint32_t among_young = none - 2;

    std::uint32_t place_ = none;  // in the heap, or one of these
    const bool moves_ = false;    // it is a movable_timer
};

/// A deadline that hardly ever comes: a limit on something that mostly ends long before, and then
/// cancels it. While it is young it lies in a list, where that costs a few stores; the few that
/// grow older move into the heap.
class limit_timer : public timer {
private:
    friend class timer_queue;
    friend class linked_line<limit_timer>;

    limit_timer* next = nullptr;
    limit_timer* prev = nullptr;
    std::uint64_t ns_;        // until it begins to count the wait, then the deadline
    std::uint64_t began_ns_;  // when it began to count
};

/// A deadline that any thread may move while it is armed. One that moves away stays where it is in
/// the queue until its place comes up, so that moving it costs two words and no claim; one that
/// comes nearer has to be moved up by its queue.
class movable_timer : public timer {
public:
    explicit movable_timer(std::uint64_t deadline_ns) noexcept
        : timer(movable()), deadline_ns_(deadline_ns) {}

    [[nodiscard]] std::uint64_t deadline_ns() const noexcept {
        return deadline_ns_.load(std::memory_order_relaxed);
    }
    /// Thread: any. \return whether it has to be moved up in the queue it is armed in.
    [[nodiscard]] bool set(std::uint64_t deadline_ns) noexcept {
        // Sequentially consistent, like the other side in settle(): either this sees the place that
        // is just being taken, or who takes it sees the new deadline.
        deadline_ns_.store(deadline_ns, std::memory_order_seq_cst);
        return must_move_up();
    }
    [[nodiscard]] bool must_move_up() const noexcept {
        return deadline_ns_.load(std::memory_order_seq_cst) <
               place_ns_.load(std::memory_order_seq_cst);
    }

private:
    friend class timer_queue;

    /// Takes a place in the queue for the deadline. \return its time
    std::uint64_t settle() noexcept {
        std::uint64_t place_ns = deadline_ns_.load(std::memory_order_relaxed);
        for (;;) {
            place_ns_.store(place_ns, std::memory_order_seq_cst);
            const std::uint64_t now_ns = deadline_ns_.load(std::memory_order_seq_cst);
            if (now_ns >= place_ns)
                return place_ns;
            place_ns = now_ns;
        }
    }

    std::atomic<std::uint64_t> deadline_ns_;
    std::atomic<std::uint64_t> place_ns_ = 0;    // not later than the deadline, once it is settled
    std::atomic<timer_queue*> queue_ = nullptr;  // changes under its claim
};

/// `now_ns` plus `wait_ns`, or the end of time.
[[nodiscard]] constexpr std::uint64_t deadline_after(std::uint64_t now_ns,
                                                     std::uint64_t wait_ns) noexcept {
    constexpr std::uint64_t last = ~std::uint64_t{0} - 1;
    return wait_ns > last - now_ns ? last : now_ns + wait_ns;
}

/// A shard's deadlines in memory: a four-ary heap, so that arming and cancelling cost a few
/// compares and no system call, and two lists for limits that are young. The earliest one bounds
/// the shard's sleep. Thread: the holder of the service claim. Limit: memory; 16 bytes a deadline
/// beside the node, and 2^32 - 3 deadlines (asserted).
class timer_queue {
public:
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    /// As long a limit stays in its list, which is no longer than it may last.
    static constexpr std::uint64_t youth_ns = 64'000'000;

    void arm(timer& entry, std::uint64_t deadline_ns);
    /// For `wait_ns` from the next begin() or fire() on, which costs no look at the clock here.
    void arm_for(limit_timer& entry, std::uint64_t wait_ns);
    /// For the deadline it has.
    void arm(movable_timer& entry);
    /// \return whether it was armed: false after it fired.
    bool cancel(timer& entry) noexcept;
    /// Moves it up if its deadline came nearer, and if it is armed here.
    void move_up(movable_timer& entry) noexcept;
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Nothing is due before; what was moved away may be due later, and a young limit is.
    /// \pre no limit was armed since the last begin() or fire()
    [[nodiscard]] std::uint64_t earliest_ns() const noexcept;
    /// Limits that were armed since the last time count from now on.
    void begin(std::uint64_t now_ns) noexcept;
    /// Moves some young limits into the heap, so that a sleep is as long as it can be.
    /// \return whether others are left.
    [[nodiscard]] bool sort_some() noexcept;
    /// Queues the waiters of all deadlines up to `now_ns`, in their order. \return how many.
    unsigned fire(std::uint64_t now_ns, work_list& ready) noexcept;

private:
    struct slot {
        std::uint64_t deadline_ns = 0;
        timer* entry = nullptr;
    };

    void put(std::size_t place, slot what) noexcept {
        heap_[place] = what;
        what.entry->place_ = static_cast<std::uint32_t>(place);
    }
    void count_in(const timer& entry);
    void make_room();
    void rise(std::size_t place, slot what) noexcept;
    void sink(std::size_t place, slot what) noexcept;
    void remove(std::size_t place) noexcept;

    void move_to_heap(limit_timer& unlisted) noexcept;

    std::vector<slot> heap_;          // has room for all that are armed
    linked_line<limit_timer> fresh_;  // do not count yet
    linked_line<limit_timer> young_;  // those that began first come first
    std::size_t size_ = 0;
};

}  // namespace spargio::detail
