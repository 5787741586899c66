#include "spargio/runtime/spawn_record.hpp"

#include <cinttypes>
#include <cstdio>
#include <exception>

#include "spargio/runtime/task_registry.hpp"

namespace spargio::detail {
namespace {

void report_unobserved(std::uint64_t id, const char* name, const std::exception_ptr& thrown) {
    const char* what = "an exception of unknown type";
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& caught) {
        what = caught.what();
    } catch (...) {
    }
    std::fprintf(stderr, "spargio: detached task %" PRIu64 " '%s' threw: %s\n", id, name, what);
}

}  // namespace

void spawn_record::start(work_item& item) noexcept {
    auto& self = static_cast<spawn_record&>(item);
    self.registry_->add(self);
    // One that was admitted just before a shutdown, and started after it asked all others.
    if (self.registry_->closed())
        self.stop.request_stop();
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
    const std::uintptr_t waiting = joiner_.exchange(done, std::memory_order_acq_rel);
    if (waiting == blocked_thread) {
        joiner_.notify_all();
    } else if (waiting != running) {
        wake(*reinterpret_cast<promise_base*>(waiting));
    }
    task_registry& registry = *registry_;
    registry.remove(*this);
    release();
}

void spawn_record::release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    if (detached_.load(std::memory_order_relaxed)) {
        if (const std::exception_ptr thrown = exception(); thrown != nullptr) [[unlikely]]
            report_unobserved(id, name, thrown);
    }
    delete this;
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
    std::uintptr_t expected = running;
    if (!joiner_.compare_exchange_strong(expected, blocked_thread, std::memory_order_acq_rel,
                                         std::memory_order_acquire)) {
        SPARGIO_ASSERT(expected == done);
        return;
    }
    joiner_.wait(blocked_thread, std::memory_order_acquire);
}

}  // namespace spargio::detail
