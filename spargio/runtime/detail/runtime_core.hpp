#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "spargio/runtime/blocking_pool.hpp"
#include "spargio/runtime/runtime_builder.hpp"
#include "spargio/runtime/shutdown_report.hpp"
#include "spargio/runtime/task_registry.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::detail {

/// One who waits, on a shard, for a closing runtime to become empty.
struct drain_wait {
    work_item* waiter = nullptr;
    shard* home = nullptr;
    drain_wait* next = nullptr;
};

/// What a runtime, its handles and its threads share. The last of them to go frees it.
/// Thread: any, where a member does not say otherwise.
class runtime_core : public std::enable_shared_from_this<runtime_core> {
public:
    runtime_core(kernel& entry, const runtime_settings& settings);

    /// Starts all shards; an error of any undoes the others.
    [[nodiscard]] std::expected<void, error> start();

    [[nodiscard]] unsigned shard_count() const noexcept {
        return static_cast<unsigned>(shards_.size());
    }
    [[nodiscard]] shard& shard_at(unsigned index) const noexcept { return *shards_[index]; }
    [[nodiscard]] task_registry& registry_at(unsigned index) const noexcept {
        return *registries_[index];
    }
    [[nodiscard]] blocking_pool& blocking() noexcept { return blocking_; }
    [[nodiscard]] std::uint64_t next_task_id() noexcept {
        return task_ids_.fetch_add(1, std::memory_order_relaxed);
    }
    [[nodiscard]] unsigned next_in_turn() noexcept {
        return static_cast<unsigned>(turns_.fetch_add(1, std::memory_order_relaxed) %
                                     shards_.size());
    }

    // shutdown.cpp, in its order
    void begin_shutdown() noexcept;
    [[nodiscard]] std::uint64_t tasks_alive() const noexcept;
    /// Blocks until no task is left or the deadline (steady clock) passes. \return whether none is.
    bool wait_until_empty(std::chrono::steady_clock::time_point deadline);
    /// Joins the line of those told when only they are left; false when that is so already.
    [[nodiscard]] bool wait_for_drain(drain_wait& wait);
    bool leave_drain(drain_wait& wait) noexcept;
    /// A task of a closing runtime has ended.
    void task_ended_while_closing() noexcept;
    [[nodiscard]] std::vector<survivor> survivors();
    void close_rings(bool clean);
    void join_threads(bool clean);

    /// The core whose shard's thread this is, or null.
    [[nodiscard]] static runtime_core* current() noexcept;

private:
    void run_shard(unsigned index) noexcept;
    void name_and_place(unsigned index) const noexcept;
    [[nodiscard]] bool await_opening(std::error_code own_error) noexcept;
    void await_other_loops() noexcept;
    [[nodiscard]] bool only_waiters_left() const noexcept;
    void wake_drained() noexcept;

    kernel& kernel_;
    const runtime_settings settings_;
    std::vector<std::unique_ptr<shard>> shards_;
    std::vector<std::unique_ptr<task_registry>> registries_;
    std::vector<std::thread> threads_;
    blocking_pool blocking_;
    std::atomic<std::uint64_t> task_ids_ = 1;
    std::atomic<std::uint64_t> turns_ = 0;

    std::mutex mutex_;  // everything below
    std::condition_variable changed_;
    enum class phase : std::uint8_t { opening, running, opening_failed, leaving };
    phase phase_ = phase::opening;
    unsigned opened_ = 0;       // shards whose ring stands
    unsigned loops_ended_ = 0;  // shards that left run()
    std::vector<bool> thread_ended_;
    std::error_code start_error_;
    drain_wait* draining_ = nullptr;
    unsigned drain_waits_ = 0;
};

}  // namespace spargio::detail
