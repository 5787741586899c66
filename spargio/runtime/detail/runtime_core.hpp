#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "spargio/runtime/blocking_pool.hpp"
#include "spargio/runtime/runtime_builder.hpp"
#include "spargio/runtime/shutdown_report.hpp"
#include "spargio/runtime/task_registry.hpp"
#include "spargio/shard/shard.hpp"

namespace spargio::detail {

class spawn_record;
struct task_record;

/// One who waits, on a shard, until only tasks that wait like it are left in a closing runtime.
struct drain_wait {
    work_item* waiter = nullptr;
    shard* home = nullptr;
    spawn_record* task = nullptr;  // the waiting task, if it is one of that runtime
    drain_wait* next = nullptr;
    bool drained = false;  // the answer, once the waiter was woken
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
    [[nodiscard]] unsigned next_in_turn() noexcept {
        return static_cast<unsigned>(turns_.fetch_add(1, std::memory_order_relaxed) %
                                     shards_.size());
    }

    // shutdown.cpp, in its order

    /// The whole of it, on a thread that is no shard. \return the report, and whether this call was
    /// the first; later ones wait for it.
    std::pair<shutdown_report, bool> shut_down(std::chrono::nanoseconds deadline);
    void begin_shutdown() noexcept;
    [[nodiscard]] std::uint64_t tasks_alive() const noexcept;
    /// Joins the line of those who are woken when only they are left.
    void join_drain(drain_wait& wait) noexcept;
    /// Looks whether only they are left.
    void check_drain() noexcept;
    /// \return whether it stood in the line.
    bool leave_drain(drain_wait& wait) noexcept;
    /// A task of a closing runtime has ended, or was not admitted.
    void task_ended_while_closing() noexcept;
    /// Tasks alive, without `self` and those that wait for a shutdown.
    [[nodiscard]] std::vector<survivor> others_alive(const task_record* self);

    /// The core whose shard's thread this is, or null.
    [[nodiscard]] static runtime_core* current() noexcept;

private:
    void run_shard(unsigned index) noexcept;
    [[nodiscard]] std::optional<error> set_up(unsigned index) noexcept;
    [[nodiscard]] bool await_opening(std::optional<error> own_error) noexcept;
    void await_other_loops() noexcept;

    template <class Wanted>
    [[nodiscard]] std::vector<survivor> list_alive(Wanted wanted);
    bool wait_until_empty(std::chrono::steady_clock::time_point deadline);
    void end_loops(bool clean);
    void join_threads(bool clean);
    [[nodiscard]] bool ask_tasks_to_stop() noexcept;
    void wake_drained() noexcept;
    void leave_behind() noexcept;

    kernel& kernel_;
    const runtime_settings settings_;
    std::vector<std::unique_ptr<shard>> shards_;
    work_share share_;
    std::vector<std::unique_ptr<task_registry>> registries_;
    std::vector<std::thread> threads_;
    blocking_pool blocking_;
    std::atomic<std::uint64_t> turns_ = 0;

    std::mutex mutex_;  // everything below
    std::condition_variable changed_;
    enum class phase : std::uint8_t { opening, running, opening_failed, leaving };
    phase phase_ = phase::opening;
    unsigned opened_ = 0;       // shards whose ring stands
    unsigned loops_ended_ = 0;  // shards that left run()
    std::vector<bool> thread_ended_;
    std::optional<error> start_error_;
    drain_wait* draining_ = nullptr;
    unsigned draining_tasks_ = 0;  // of this runtime, each counted once
    bool drained_ = false;         // only waiters were left, once and for all

    const int process_;  // that built it; a forked child has none of its threads
    std::mutex ending_;  // the rest
    std::optional<shutdown_report> ended_;

    // Once it was left behind: itself, and the one before it.
    std::shared_ptr<runtime_core> kept_;
    runtime_core* also_left_behind_ = nullptr;
};

}  // namespace spargio::detail
