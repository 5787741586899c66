#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

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

    std::uint32_t place_ = none;  // in the heap
    const bool moves_ = false;    // it is a movable_timer
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

/// A shard's deadlines in memory: a four-ary heap, so that arming and cancelling cost a few
/// compares and no system call. The earliest one bounds the shard's sleep. Thread: the owner arms
/// and cancels; the holder of the service claim fires. Limit: memory; 16 bytes a deadline beside
/// the node, and 2^32 - 1 deadlines (asserted).
class timer_queue {
public:
    static constexpr std::uint64_t never = ~std::uint64_t{0};

    void arm(timer& entry, std::uint64_t deadline_ns);
    /// For the deadline it has.
    void arm(movable_timer& entry);
    /// \return whether it was armed: false after it fired.
    bool cancel(timer& entry) noexcept;
    /// Moves it up if its deadline came nearer, and if it is armed here.
    void move_up(movable_timer& entry) noexcept;
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    /// Nothing is due before; what was moved away may be due later.
    [[nodiscard]] std::uint64_t earliest_ns() const noexcept {
        return heap_.empty() ? never : heap_.front().deadline_ns;
    }
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
    void make_room(const timer& entry);
    void rise(std::size_t place, slot what) noexcept;
    void sink(std::size_t place, slot what) noexcept;
    void remove(std::size_t place) noexcept;

    std::vector<slot> heap_;
};

}  // namespace spargio::detail
