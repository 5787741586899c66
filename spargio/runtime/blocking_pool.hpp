#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "spargio/runtime/runtime_stats.hpp"

namespace spargio::detail {

/// Threads for calls that block, started when there is work and no idle thread.
///
/// Thread: any submits and withdraws. A job runs on a thread of the pool.
/// Limit: `most_threads` running jobs and `most_queued` waiting ones; past both submit() answers
/// overloaded and the job was not taken.
class blocking_pool {
public:
    /// One call to make; it lives in what waits for it.
    struct job {
        explicit job(void (*function)(job&) noexcept) noexcept : run(function) {}
        job(const job&) = delete;
        job& operator=(const job&) = delete;

        job* next = nullptr;
        void (*run)(job&) noexcept;  // may end the job's life
    };
    enum class answer : std::uint8_t { accepted, overloaded, closed };

    blocking_pool(unsigned most_threads, unsigned most_queued, std::string thread_name);
    blocking_pool(const blocking_pool&) = delete;
    blocking_pool& operator=(const blocking_pool&) = delete;
    /// \pre close() was called
    ~blocking_pool();

    [[nodiscard]] answer submit(job& work);
    /// Takes a job back that has not begun. \return false when it has, or has ended.
    [[nodiscard]] bool withdraw(job& work) noexcept;
    [[nodiscard]] blocking_stats stats() const;
    /// Takes no more jobs and ends the threads. With `wait` false, one that is stuck in a job is
    /// left behind, and the pool must never be destroyed.
    void close(bool wait);

private:
    [[nodiscard]] bool start_thread();
    void work() noexcept;

    const unsigned most_threads_;
    const unsigned most_queued_;
    const std::string thread_name_;

    mutable std::mutex mutex_;  // everything below
    std::condition_variable changed_;
    job* oldest_ = nullptr;
    job* newest_ = nullptr;
    unsigned queued_ = 0;
    unsigned idle_ = 0;
    bool closed_ = false;
    std::uint64_t jobs_ = 0;  // that were accepted
    std::uint64_t overloaded_ = 0;
    std::vector<std::thread> threads_;
};

}  // namespace spargio::detail
