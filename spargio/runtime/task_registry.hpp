#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "spargio/core/counter.hpp"

namespace spargio::detail {

class spawn_record;
class runtime_core;

/// Which tasks live on one shard, and whether more may come.
/// Thread: any admits and visits; the shard adds and removes.
/// Limit: `most_alive` tasks, counted from admission to their end.
class task_registry {
public:
    enum class answer : std::uint8_t { admitted, overloaded, closed };

    task_registry(runtime_core& owner, std::uint64_t most_alive) noexcept
        : owner_(owner), most_alive_(most_alive) {}

    /// Counts one more task in, or says why not.
    [[nodiscard]] answer admit() noexcept;
    /// After this, admit() answers closed.
    void close() noexcept { intake_.fetch_or(closed_bit, std::memory_order_acq_rel); }
    [[nodiscard]] std::uint64_t alive() const noexcept {
        return intake_.load(std::memory_order_acquire) / one_task;
    }
    [[nodiscard]] std::uint64_t spawned() const noexcept {
        return spawned_.load(std::memory_order_relaxed);
    }

    void add(spawn_record& started) noexcept;
    /// The last time a task is mentioned. Tells a closing runtime, which may be waiting for it.
    void remove(spawn_record& ended) noexcept;
    [[nodiscard]] bool closed() const noexcept {
        return (intake_.load(std::memory_order_acquire) & closed_bit) != 0;
    }
    [[nodiscard]] runtime_core& owner() const noexcept { return owner_; }
    /// Calls `visit` for every started task, newest first, with the list locked: be short.
    void for_each(const std::function<void(spawn_record&)>& visit);

private:
    static constexpr std::uint64_t closed_bit = 1;
    static constexpr std::uint64_t one_task = 2;

    void lock() noexcept;
    void unlock() noexcept { locked_.store(false, std::memory_order_release); }

    runtime_core& owner_;
    const std::uint64_t most_alive_;
    alignas(64) std::atomic<std::uint64_t> intake_ = 0;
    std::atomic<std::uint64_t> spawned_ = 0;
    std::atomic<bool> locked_ = false;
    spawn_record* newest_ = nullptr;
};

}  // namespace spargio::detail
