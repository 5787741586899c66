// Shutdown, in its order:
//   1. close the intake: nothing new is spawned
//   2. ask every task to stop, which cancels what it waits for
//   3. run until no task and no operation is left, or list who is at the deadline
//   4. let every loop run dry, and wait for all of them
//   5. join the threads
//   6. close the rings: unmapping them while two threads run would cost more than all the rest
// When the deadline passes with tasks alive, their frames, their rings and a thread stuck in one of
// them are left behind on purpose: the kernel may still write into them.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/spawn_record.hpp"

namespace spargio {

std::string to_string(const shutdown_report& report) {
    if (report.clean())
        return "every task ended";
    std::string text = std::to_string(report.survivors.size()) + " tasks did not end:";
    for (const survivor& left : report.survivors) {
        text += " " + std::to_string(left.id);
        if (!left.name.empty())
            text += " '" + left.name + "'";
        text += " on shard " + std::to_string(left.shard) + ",";
    }
    text.pop_back();
    return text;
}

namespace detail {

namespace {

/// The time in `wait`, or the end of time.
std::chrono::steady_clock::time_point time_after(std::chrono::nanoseconds wait) noexcept {
    const auto now = std::chrono::steady_clock::now();
    const auto left = std::chrono::steady_clock::time_point::max() - now;
    return now + std::min<std::chrono::nanoseconds>(wait, left);
}

}  // namespace

template <class Wanted>
std::vector<survivor> runtime_core::list_alive(Wanted wanted) {
    std::vector<survivor> left;
    const std::lock_guard guard(mutex_);
    for (unsigned index = 0; index < shard_count(); ++index) {
        registries_[index]->for_each([&](spawn_record& task) {
            if (wanted(task))
                left.push_back({task.id, task.name, index});
        });
    }
    return left;
}

std::pair<shutdown_report, bool> runtime_core::shut_down(std::chrono::nanoseconds deadline) {
    if (::getpid() != process_) {
        // A forked child: the threads and what they hold are the parent's.
        leave_behind();
        return {};
    }
    const std::lock_guard guard(ending_);
    if (ended_)
        return {*ended_, false};
    begin_shutdown();
    bool clean = wait_until_empty(time_after(deadline));
    // Told at the end only: what throws before that has not shut it down.
    std::pair<shutdown_report, bool> told{{}, true};
    while (!clean) {
        told.first.survivors = list_alive([](const spawn_record&) { return true; });
        if (!told.first.survivors.empty())
            break;
        // No task holds a shard up, so one that was admitted starts now and has a name then, or
        // ends; or the last has just ended.
        clean = wait_until_empty(time_after(std::chrono::milliseconds(1)));
    }
    shutdown_report kept = told.first;
    end_loops(clean);
    join_threads(clean);
    // 6. One that was left behind stays open.
    for (const auto& each : shards_)
        each->close();
    ended_.emplace(std::move(kept));
    return told;
}

void runtime_core::begin_shutdown() noexcept {
    // 1.
    for (const auto& registry : registries_)
        registry->close();
    // 2.
    while (ask_tasks_to_stop()) {
    }
}

/// Outside of the registries' locks: a stop callback may do anything.
/// \return whether to go on: there was no memory to remember them all.
bool runtime_core::ask_tasks_to_stop() noexcept {
    std::vector<spawn_record*> asked;
    std::array<spawn_record*, 64> without_memory;
    std::size_t few = 0;
    bool more = false;
    const auto remember = [&](spawn_record& task) {
        if (task.drain_waits != 0 || task.stop.stop_requested())
            return;
        try {
            asked.push_back(&task);
        } catch (const std::bad_alloc&) {
            if (few == without_memory.size()) {
                more = true;
                return;
            }
            without_memory[few++] = &task;
        }
        task.pin();
    };
    {
        const std::lock_guard guard(mutex_);
        for (const auto& registry : registries_)
            registry->for_each(std::ref(remember));
    }
    const auto ask = [](spawn_record* task) {
        task->stop.request_stop();
        task->unpin();
    };
    std::ranges::for_each(asked, ask);
    std::ranges::for_each(std::span(without_memory).first(few), ask);
    return more;
}

std::uint64_t runtime_core::tasks_alive() const noexcept {
    std::uint64_t alive = 0;
    for (const auto& registry : registries_)
        alive += registry->alive();
    return alive;
}

// 3.
bool runtime_core::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock guard(mutex_);
    return changed_.wait_until(guard, deadline, [this] { return tasks_alive() == 0; });
}

void runtime_core::join_drain(drain_wait& wait) noexcept {
    const std::lock_guard guard(mutex_);
    wait.next = std::exchange(draining_, &wait);
    if (wait.task != nullptr && wait.task->drain_waits++ == 0)
        ++draining_tasks_;
}

void runtime_core::check_drain() noexcept {
    const std::lock_guard guard(mutex_);
    wake_drained();
}

/// Once only waiters are left, every later shutdown() finds its work done: those who were woken may
/// take their time.
void runtime_core::wake_drained() noexcept {
    drained_ = drained_ || tasks_alive() <= draining_tasks_;
    if (!drained_)
        return;
    for (drain_wait* waiting = std::exchange(draining_, nullptr); waiting != nullptr;) {
        drain_wait* next = waiting->next;  // read first: the waiter may be gone once it is woken
        if (waiting->task != nullptr && --waiting->task->drain_waits == 0)
            --draining_tasks_;
        waiting->drained = true;
        waiting->home->post(*waiting->waiter);
        waiting = next;
    }
}

bool runtime_core::leave_drain(drain_wait& wait) noexcept {
    const std::lock_guard guard(mutex_);
    for (drain_wait** at = &draining_; *at != nullptr; at = &(*at)->next) {
        if (*at != &wait)
            continue;
        *at = wait.next;
        if (wait.task != nullptr && --wait.task->drain_waits == 0)
            --draining_tasks_;
        return true;
    }
    return false;
}

void runtime_core::task_ended_while_closing() noexcept {
    const std::lock_guard guard(mutex_);
    changed_.notify_all();
    if (draining_ != nullptr)
        wake_drained();
}

std::vector<survivor> runtime_core::others_alive(const task_record* self) {
    return list_alive(
        [self](const spawn_record& task) { return &task != self && task.drain_waits == 0; });
}

// 4.
void runtime_core::end_loops(bool clean) {
    for (const auto& each : shards_) {
        if (clean) {
            each->request_exit();
        } else {
            each->abandon();
        }
    }
    if (clean)
        return;
    // A thread that is stuck in a task does not come; the others need not wait for it.
    constexpr auto grace = std::chrono::milliseconds(100);
    std::unique_lock guard(mutex_);
    changed_.wait_for(guard, grace, [this] { return loops_ended_ == shard_count(); });
    phase_ = phase::leaving;
    changed_.notify_all();
    changed_.wait_for(guard, grace,
                      [this] { return std::ranges::count(thread_ended_, true) == loops_ended_; });
}

/// It stays reachable, and is never freed.
void runtime_core::leave_behind() noexcept {
    static constinit std::mutex mutex;
    static constinit runtime_core* left_behind = nullptr;
    const std::lock_guard guard(mutex);
    if (kept_ != nullptr)
        return;
    kept_ = shared_from_this();
    also_left_behind_ = std::exchange(left_behind, this);
}

// 5.
void runtime_core::join_threads(bool clean) {
    if (!clean)
        leave_behind();
    for (std::size_t index = 0; index < threads_.size(); ++index) {
        std::unique_lock guard(mutex_);
        const bool will_end = clean || thread_ended_[index];
        guard.unlock();
        if (will_end) {
            threads_[index].join();
        } else {
            threads_[index].detach();
        }
    }
    threads_.clear();
    blocking_.close(clean);
}

}  // namespace detail
}  // namespace spargio
