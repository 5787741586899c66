// Starting a runtime's threads, and what each of them does.

#include <pthread.h>
#include <sched.h>

#include <string>

#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/refusal.hpp"

namespace spargio::detail {
namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local runtime_core* current_core = nullptr;

shard_options options_of(const runtime_settings& settings, unsigned index) {
    shard_options options;
    options.index = index;
    options.ring.entries = settings.ring_entries;
    options.ring.cq_entries = settings.cq_entries;
    options.ring.io_workers = settings.io_workers;
    options.ring.deferred = settings.deferred_taskrun;
    options.ring.disabled = settings.disabled;
    options.mailbox_capacity = settings.mailbox_capacity;
    options.spin_us = settings.spin_us;
    return options;
}

}  // namespace

// Out of line like current_executor().
runtime_core* runtime_core::current() noexcept {
    return current_core;
}

runtime_core::runtime_core(kernel& entry, const runtime_settings& settings)
    : kernel_(entry),
      settings_(settings),
      blocking_(settings.blocking_threads, settings.blocking_queue, settings.thread_name + "-job"),
      thread_ended_(settings.shards) {
    for (unsigned index = 0; index < settings.shards; ++index) {
        shards_.push_back(std::make_unique<shard>(kernel_, options_of(settings, index)));
        registries_.push_back(std::make_unique<task_registry>(*this, settings.max_tasks));
    }
}

std::expected<void, error> runtime_core::start() {
    // A thread keeps the core alive, for the case that it has to be left behind.
    try {
        for (unsigned index = 0; index < shard_count(); ++index)
            threads_.emplace_back([core = shared_from_this(), index] { core->run_shard(index); });
    } catch (const std::system_error& refused) {
        std::unique_lock guard(mutex_);
        phase_ = phase::opening_failed;
        start_error_ = refused.code();
        changed_.notify_all();
    }
    std::unique_lock guard(mutex_);
    changed_.wait(guard, [this] { return phase_ != phase::opening; });
    if (phase_ == phase::running)
        return {};
    guard.unlock();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
    blocking_.close(true);
    return std::unexpected(explain_refusal(start_error_, look_around()));
}

void runtime_core::run_shard(unsigned index) noexcept {
    name_and_place(index);
    current_core = this;
    shard& own = *shards_[index];
    const auto opened = own.open();
    if (!await_opening(opened ? std::error_code{} : opened.error())) {
        if (opened)
            own.close();
        return;
    }
    own.meet(shards_);
    own.run();
    await_other_loops();
    own.close();
    const std::lock_guard guard(mutex_);
    thread_ended_[index] = true;
    changed_.notify_all();
}

void runtime_core::name_and_place(unsigned index) const noexcept {
    const std::string name = settings_.thread_name + "-" + std::to_string(index);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    if (settings_.affinity.empty())
        return;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(settings_.affinity[index], &cpus);
    ::pthread_setaffinity_np(::pthread_self(), sizeof cpus, &cpus);
}

/// Nobody runs before every ring stands: from then on each can be rung. \return false to give up.
bool runtime_core::await_opening(std::error_code own_error) noexcept {
    std::unique_lock guard(mutex_);
    if (own_error && phase_ == phase::opening) {
        phase_ = phase::opening_failed;
        start_error_ = own_error;
    } else if (++opened_ == shard_count() && phase_ == phase::opening) {
        phase_ = phase::running;
    }
    if (phase_ != phase::opening)
        changed_.notify_all();
    changed_.wait(guard, [this] { return phase_ != phase::opening; });
    return phase_ == phase::running;
}

/// Nobody closes its ring while another may still ring it.
void runtime_core::await_other_loops() noexcept {
    std::unique_lock guard(mutex_);
    ++loops_ended_;
    changed_.notify_all();
    changed_.wait(guard,
                  [this] { return loops_ended_ == shard_count() || phase_ == phase::leaving; });
}

}  // namespace spargio::detail
