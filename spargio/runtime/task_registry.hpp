#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "spargio/core/counter.hpp"

namespace spargio {
class shard;
}

namespace spargio::detail {

class spawn_record;
class runtime_core;

/// Which tasks live on one shard, and whether more may come.
///
/// What the shard itself spawns is counted and listed under the lock that its end takes too; what
/// comes from elsewhere is counted by one addition, and listed when it starts. So a task costs its
/// shard one locked instruction at each end of its life, and the lock is contended only by those
/// who visit the list.
/// Thread: as stated per call.
/// Limit: `most_alive` tasks, counted from admission to their end. Threads that spawn at the same
/// moment may exceed it by one each.
class task_registry {
public:
    static constexpr std::size_t placement_kinds = 6;
    enum class answer : std::uint8_t { admitted, overloaded, closed };

    task_registry(runtime_core& owner, shard& home, unsigned index,
                  std::uint64_t most_alive) noexcept
        : owner_(owner), home_(home), index_(index), most_alive_(most_alive) {}

    /// That of the shard whose thread this is, or null.
    [[nodiscard]] static task_registry* here() noexcept;

    // --- any thread ------------------------------------------------------------------------------

    /// Counts `record` in and gives it its number, or says why not. add() follows.
    [[nodiscard]] answer admit(spawn_record& record) noexcept;
    /// After this, nothing is admitted. Whatever the shard has admitted then is seen by a visit
    /// that begins later.
    void close() noexcept {
        intake_.fetch_or(closed_bit, std::memory_order_acq_rel);
        closed_.store(true, std::memory_order_release);
    }
    [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }
    /// Never less than there are, once the registry is closed and was visited.
    [[nodiscard]] std::uint64_t alive() const noexcept;
    [[nodiscard]] std::uint64_t spawned() const noexcept;
    /// How often the answer was overloaded.
    [[nodiscard]] std::uint64_t overloaded() const noexcept {
        return overloaded_.load(std::memory_order_relaxed);
    }
    /// Tasks listed so far, by placement.
    [[nodiscard]] std::array<std::uint64_t, placement_kinds> spawned_as() const noexcept;
    /// Calls `visit` for every listed task, newest first, with the list locked: be short.
    void for_each(const std::function<void(spawn_record&)>& visit);

    // --- the shard -------------------------------------------------------------------------------

    /// Makes it here() for the rest of the calling thread's life.
    void settle_here() noexcept;
    /// admit() and add() in one.
    [[nodiscard]] answer admit_here(spawn_record& record) noexcept;
    /// Lists a task that starts, and asks it to stop if all others were asked already.
    void add(spawn_record& started) noexcept;
    /// The last time a task is mentioned. Tells a closing runtime, which may be waiting for it.
    void remove(spawn_record& ended) noexcept;

    [[nodiscard]] runtime_core& owner() const noexcept { return owner_; }
    [[nodiscard]] shard& home() const noexcept { return home_; }

private:
    // intake_ is one bit and a count; numbers of tasks tell shard and intake in their low bits.
    static constexpr std::uint64_t closed_bit = 1;
    static constexpr std::uint64_t one_task = 2;
    static constexpr unsigned number_shift = 9;

    void assign(spawn_record& record, std::uint64_t sequence, unsigned from_elsewhere) noexcept;
    answer refuse_for_room() noexcept {
        overloaded_.fetch_add(1, std::memory_order_relaxed);
        return answer::overloaded;
    }
    void list(spawn_record& record) noexcept;
    [[nodiscard]] bool try_lock() noexcept {
        return !locked_.load(std::memory_order_relaxed) &&
               !locked_.exchange(true, std::memory_order_acquire);
    }
    void lock() noexcept {
        if (!try_lock()) [[unlikely]]
            wait_for_lock();
    }
    void wait_for_lock() noexcept;
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

    runtime_core& owner_;
    shard& home_;
    const unsigned index_;
    const std::uint64_t most_alive_;
    std::atomic<bool> closed_ = false;  // apart from what others write: every task looks at it

    alignas(64) std::atomic<std::uint64_t> intake_ = 0;  // from elsewhere, ever
    std::atomic<std::uint64_t> refused_ = 0;             // of those
    std::atomic<std::uint64_t> overloaded_ = 0;

    alignas(64) std::atomic<bool> locked_ = false;
    std::atomic<std::uint64_t> admitted_here_ = 0;      // ever; written under the lock
    std::atomic<std::uint64_t> ended_ = 0;              // ever; written under the lock
    std::array<counter<>, placement_kinds> listed_as_;  // written under the lock
    spawn_record* newest_ = nullptr;
};

}  // namespace spargio::detail
