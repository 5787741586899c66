#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "bench/common/pin.hpp"

namespace bench {

/// A thread on one CPU that runs what it is given and blocks in between.
/// Thread: start() and wait() from one caller, in turn.
class pinned_thread {
public:
    explicit pinned_thread(unsigned cpu) : thread_([this, cpu] { loop(cpu); }) {}
    pinned_thread(const pinned_thread&) = delete;
    auto operator=(const pinned_thread&) -> pinned_thread& = delete;
    ~pinned_thread() {
        start(nullptr);
        thread_.join();
    }

    void start(std::function<void()> job) {
        const std::lock_guard hold(mutex_);
        job_ = std::move(job);
        busy_ = true;
        changed_.notify_all();
    }

    /// Waits for the job; throws what the job threw.
    void wait() {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [this] { return !busy_; });
        if (failure_)
            std::rethrow_exception(std::exchange(failure_, nullptr));
    }

    void run(std::function<void()> job) {
        start(std::move(job));
        wait();
    }

private:
    void loop(unsigned cpu) {
        pin_to(cpu);
        std::unique_lock hold(mutex_);
        for (;;) {
            changed_.wait(hold, [this] { return busy_; });
            if (!job_)
                return;
            hold.unlock();
            try {
                job_();
            } catch (...) {
                failure_ = std::current_exception();
            }
            hold.lock();
            busy_ = false;
            changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> job_;
    std::exception_ptr failure_;
    bool busy_ = false;
    std::thread thread_;
};

}  // namespace bench
