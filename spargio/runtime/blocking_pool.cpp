#include "spargio/runtime/blocking_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "spargio/core/assert.hpp"

namespace spargio::detail {

blocking_pool::blocking_pool(unsigned most_threads, unsigned most_queued, std::string thread_name)
    : most_threads_(most_threads),
      most_queued_(most_queued),
      thread_name_(std::move(thread_name)) {}

blocking_pool::~blocking_pool() {
    SPARGIO_ASSERT(threads_.empty());
}

blocking_pool::answer blocking_pool::submit(job& work) {
    const std::lock_guard guard(mutex_);
    if (closed_)
        return answer::closed;
    // Idle threads have a job coming already for each one that is queued.
    if (queued_ >= idle_ && !start_thread() &&
        (threads_.empty() || queued_ - idle_ >= most_queued_)) {
        ++overloaded_;
        return answer::overloaded;
    }
    ++jobs_;
    work.next = nullptr;
    (newest_ != nullptr ? newest_->next : oldest_) = &work;
    newest_ = &work;
    ++queued_;
    changed_.notify_one();
    return answer::accepted;
}

/// One more, which is idle from now on: a job is as good as begun by it.
/// \return false: there are as many as there may be, or it cannot be had.
bool blocking_pool::start_thread() {
    if (threads_.size() == most_threads_)
        return false;
    try {
        threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        return false;
    }
    ++idle_;
    return true;
}

bool blocking_pool::withdraw(job& work) noexcept {
    const std::lock_guard guard(mutex_);
    job* before = nullptr;
    for (job* at = oldest_; at != nullptr; before = at, at = at->next) {
        if (at != &work)
            continue;
        (before != nullptr ? before->next : oldest_) = work.next;
        if (newest_ == &work)
            newest_ = before;
        --queued_;
        return true;
    }
    return false;
}

blocking_stats blocking_pool::stats() const {
    const std::lock_guard guard(mutex_);
    const auto threads = static_cast<unsigned>(threads_.size());
    return {.threads = threads,
            .busy = threads - std::min(threads, idle_),
            .queued = queued_,
            .calls = jobs_,
            .overloaded = overloaded_};
}

void blocking_pool::work() noexcept {
    ::pthread_setname_np(::pthread_self(), thread_name_.c_str());
    std::unique_lock guard(mutex_);
    for (;;) {
        changed_.wait(guard, [this] { return oldest_ != nullptr || closed_; });
        --idle_;
        if (oldest_ == nullptr)
            return;
        job& next = *oldest_;
        oldest_ = next.next;
        if (oldest_ == nullptr)
            newest_ = nullptr;
        --queued_;
        guard.unlock();
        next.run(next);
        guard.lock();
        ++idle_;
    }
}

void blocking_pool::close(bool wait) {
    std::vector<std::thread> threads;
    {
        const std::lock_guard guard(mutex_);
        closed_ = true;
        threads.swap(threads_);
        changed_.notify_all();
    }
    for (std::thread& thread : threads) {
        if (wait) {
            thread.join();
        } else {
            thread.detach();
        }
    }
}

}  // namespace spargio::detail
