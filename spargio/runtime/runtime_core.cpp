// Starting a runtime's threads, and what each of them does.

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <string>

#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/refusal.hpp"

namespace spargio::detail {
namespace {

std::shared_ptr<const tag_table> tags_of(const runtime_settings& settings) {
    if (settings.hot_tags.empty() && settings.coalesced_hot_tags.empty())
        return nullptr;
    return std::make_shared<const tag_table>(settings.hot_tags, settings.coalesced_hot_tags);
}

shard_options options_of(const runtime_settings& settings, unsigned index,
                         std::shared_ptr<const tag_table> tags) {
    shard_options options;
    options.index = index;
    options.ring.entries = settings.ring_entries;
    options.ring.cq_entries = settings.cq_entries;
    options.ring.most_in_flight = settings.operations_in_flight;
    options.ring.io_workers = settings.io_workers;
    options.ring.deferred = settings.deferred_taskrun;
    options.ring.disabled = settings.disabled;
    options.mailbox_capacity = settings.mailbox_capacity;
    options.tags = std::move(tags);
    options.spin_us = settings.spin_us;
    options.stealing = settings.stealing;
    options.rescue = settings.rescue;
    options.buffers = settings.buffers;
    return options;
}

/// A write to a pipe or socket that nobody reads raises SIGPIPE on the thread that submitted it,
/// and its default ends the process. Blocked it changes nothing: the answer is EPIPE all the same.
void block_sigpipe() noexcept {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

/// Whether shards look after each other, by nudges too. Asked once and at the start: it may take as
/// long as what it is to cut short.
bool can_nudge(kernel& entry, const runtime_settings& settings) noexcept {
    return settings.shards > 1 && settings.rescue.after_us != 0 && entry.prepare_nudges() == 0;
}

}  // namespace

runtime_core* runtime_core::current() noexcept {
    const task_registry* here = task_registry::here();
    return here != nullptr ? &here->owner() : nullptr;
}

runtime_core::runtime_core(kernel& entry, const runtime_settings& settings)
    : kernel_(entry),
      settings_(settings),
      share_(settings.shards, can_nudge(entry, settings)),
      blocking_(settings.blocking_threads, settings.blocking_queue, settings.thread_name + "-job"),
      thread_ended_(settings.shards),
      process_(::getpid()) {
    const auto tags = tags_of(settings);
    for (unsigned index = 0; index < settings.shards; ++index) {
        shards_.push_back(std::make_unique<shard>(kernel_, options_of(settings, index, tags)));
        shards_.back()->join_family(this);
        registries_.push_back(
            std::make_unique<task_registry>(*this, *shards_.back(), index, settings.max_tasks));
    }
}

std::expected<void, error> runtime_core::start() {
    // A thread keeps the core alive, for the case that it has to be left behind.
    threads_.reserve(shard_count());
    std::error_code no_thread;
    try {
        for (unsigned index = 0; index < shard_count(); ++index)
            threads_.emplace_back([core = shared_from_this(), index] { core->run_shard(index); });
    } catch (const std::system_error& refused) {
        no_thread = refused.code();
    } catch (const std::bad_alloc&) {
        no_thread = std::make_error_code(std::errc::not_enough_memory);
    }
    std::unique_lock guard(mutex_);
    if (no_thread) {
        phase_ = phase::opening_failed;
        changed_.notify_all();
    }
    changed_.wait(guard, [this] { return phase_ != phase::opening; });
    if (phase_ == phase::running)
        return {};
    guard.unlock();
    for (std::thread& thread : threads_)
        thread.join();
    threads_.clear();
    blocking_.close(true);
    // A sentence takes memory, and those who waited for the outcome are gone by now.
    if (no_thread == std::errc::not_enough_memory)
        return std::unexpected(out_of_memory());
    if (no_thread)
        return std::unexpected(
            error{no_thread, "a shard's thread could not be started: raise the limit of processes "
                             "(ulimit -u), or ask for fewer shards"});
    return std::unexpected(*std::move(start_error_));
}

void runtime_core::run_shard(unsigned index) noexcept {
    registries_[index]->settle_here();
    shard& own = *shards_[index];
    std::optional<error> refused = set_up(index);
    const bool opened = !refused;
    if (!await_opening(std::move(refused))) {
        if (opened)
            own.close();
        return;
    }
    own.run();
    own.leave();
    await_other_loops();
    const std::lock_guard guard(mutex_);
    thread_ended_[index] = true;
    changed_.notify_all();
}

/// Names and places the calling thread, and opens its ring: last, so that what fails leaves none.
std::optional<error> runtime_core::set_up(unsigned index) noexcept try {
    const std::string name = settings_.thread_name + "-" + std::to_string(index);
    ::pthread_setname_np(::pthread_self(), name.c_str());
    block_sigpipe();
    if (!settings_.affinity.empty()) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(settings_.affinity[index], &cpus);
        if (::pthread_setaffinity_np(::pthread_self(), sizeof cpus, &cpus) != 0)
            return error{errc::invalid_option, "affinity names CPU " +
                                                   std::to_string(settings_.affinity[index]) +
                                                   ", which this process may not use"};
    }
    shards_[index]->meet(shards_, share_);
    if (const auto opened = shards_[index]->open(); !opened)
        return explain_refusal(opened.error(), look_around());
    return {};
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

/// Nobody runs before every ring stands: from then on each can be rung. \return false to give up.
bool runtime_core::await_opening(std::optional<error> own_error) noexcept {
    std::unique_lock guard(mutex_);
    if (own_error) {
        if (phase_ == phase::opening) {
            phase_ = phase::opening_failed;
            start_error_ = std::move(own_error);
        }
    } else if (++opened_ == shard_count() && phase_ == phase::opening) {
        phase_ = phase::running;
    }
    if (phase_ != phase::opening)
        changed_.notify_all();
    changed_.wait(guard, [this] { return phase_ != phase::opening; });
    return phase_ == phase::running;
}

/// No thread ends while another may still ring its shard.
void runtime_core::await_other_loops() noexcept {
    std::unique_lock guard(mutex_);
    ++loops_ended_;
    changed_.notify_all();
    changed_.wait(guard,
                  [this] { return loops_ended_ == shard_count() || phase_ == phase::leaving; });
}

}  // namespace spargio::detail
