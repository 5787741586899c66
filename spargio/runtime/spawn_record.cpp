#include "spargio/runtime/spawn_record.hpp"

#include <cinttypes>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>

#include "spargio/runtime/task_registry.hpp"

namespace spargio::detail {

/// A thread in wait_blocking(), on whose stack it lives.
class alignas(8) spawn_record::blocked_thread {
public:
    void wait() noexcept {
        std::unique_lock guard(mutex_);
        changed_.wait(guard, [this] { return woken_; });
    }
    void wake() noexcept {
        // Under the lock to the end: the waiter, and this with it, is gone right after.
        const std::lock_guard guard(mutex_);
        woken_ = true;
        changed_.notify_one();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

void spawn_record::start(work_item& item) noexcept {
    auto& self = static_cast<spawn_record&>(item);
    if (!self.listed_)
        self.registry_->add(self);
    promise_base* promise = nullptr;
    try {
        promise = &self.build();
    } catch (...) {
        self.take_exception(std::current_exception());
        self.end();
        return;
    }
    promise->sink = &self;
    promise->env = &self.env;
    promise->self.resume();
}

promise_base* spawn_record::finished(promise_base&) noexcept {
    take_outcome();
    end();
    return nullptr;
}

void spawn_record::end() noexcept {
    // First: who sees the end may spawn into the room it leaves. From then on only the handle still
    // leads here.
    registry_->remove(*this);
    const std::uintptr_t waiting = joiner_.exchange(done, std::memory_order_acq_rel);
    if (waiting == running)
        return;  // the handle's holder may have freed this by now
    if (waiting == detached) {
        report_unobserved();
        unpin();
    } else if ((waiting & thread_tag) != 0) {
        reinterpret_cast<blocked_thread*>(waiting - thread_tag)->wake();
    } else {
        detail::wake(*reinterpret_cast<promise_base*>(waiting));
    }
}

void spawn_record::report_unobserved() noexcept {
    const std::exception_ptr thrown = exception();
    if (thrown == nullptr)
        return;
    const char* what = "an exception of unknown type";
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& caught) {
        what = caught.what();
    } catch (...) {
    }
    std::fprintf(stderr, "spargio: detached task %" PRIu64 " '%s' threw: %s\n", id, name, what);
}

void spawn_record::detach() noexcept {
    std::uintptr_t expected = running;
    if (joiner_.compare_exchange_strong(expected, detached, std::memory_order_acq_rel,
                                        std::memory_order_acquire))
        return;
    SPARGIO_ASSERT(expected == done);
    report_unobserved();
    unpin();
}

bool spawn_record::join(promise_base& waiter) noexcept {
    std::uintptr_t expected = running;
    const bool waits =
        joiner_.compare_exchange_strong(expected, reinterpret_cast<std::uintptr_t>(&waiter),
                                        std::memory_order_acq_rel, std::memory_order_acquire);
    SPARGIO_ASSERT(waits || expected == done);  // one joiner only
    return waits;
}

void spawn_record::wait_blocking() noexcept {
    blocked_thread self;
    std::uintptr_t expected = running;
    if (joiner_.compare_exchange_strong(expected,
                                        reinterpret_cast<std::uintptr_t>(&self) + thread_tag,
                                        std::memory_order_acq_rel, std::memory_order_acquire)) {
        self.wait();
    } else {
        SPARGIO_ASSERT(expected == done);
    }
}

}  // namespace spargio::detail
