#include "spargio/runtime/task_registry.hpp"

#include "spargio/core/pause.hpp"
#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/spawn_record.hpp"

namespace spargio::detail {
namespace {

[[gnu::tls_model("initial-exec")]] constinit thread_local task_registry* registry_here = nullptr;

/// By the one thread that writes `value` just now.
void count_up(std::atomic<std::uint64_t>& value) noexcept {
    value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

}  // namespace

// Out of line like current_executor().
task_registry* task_registry::here() noexcept {
    return registry_here;
}

void task_registry::settle_here() noexcept {
    registry_here = this;
}

void task_registry::assign(spawn_record& record, std::uint64_t sequence,
                           unsigned from_elsewhere) noexcept {
    record.registry_ = this;
    record.home = &home_;
    record.id = sequence << number_shift | index_ << 1 | from_elsewhere;
}

task_registry::answer task_registry::admit(spawn_record& record) noexcept {
    if (closed()) [[unlikely]]
        return answer::closed;
    const std::uint64_t before = intake_.fetch_add(one_task, std::memory_order_acq_rel);
    if ((before & closed_bit) == 0 && alive() <= most_alive_) [[likely]] {
        assign(record, before / one_task + 1, 1);
        return answer::admitted;
    }
    // Counted out instead of undone: the sequence numbers tasks.
    refused_.fetch_add(1, std::memory_order_acq_rel);
    if ((before & closed_bit) == 0)
        return refuse_for_room();
    // Who waits for the last task may have seen this one.
    owner_.task_ended_while_closing();
    return answer::closed;
}

task_registry::answer task_registry::admit_here(spawn_record& record) noexcept {
    lock();
    answer decided = answer::admitted;
    if (closed()) [[unlikely]] {
        decided = answer::closed;
    } else if (alive() >= most_alive_) [[unlikely]] {
        decided = refuse_for_room();
    } else {
        count_up(admitted_here_);
        assign(record, admitted_here_.load(std::memory_order_relaxed), 0);
        list(record);
    }
    unlock();
    return decided;
}

void task_registry::add(spawn_record& started) noexcept {
    lock();
    list(started);
    unlock();
    // Admitted just before a shutdown, and listed after it asked all others.
    if (closed()) [[unlikely]]
        started.stop.request_stop();
}

void task_registry::list(spawn_record& record) noexcept {
    record.listed_ = true;
    ++listed_as_[static_cast<std::size_t>(record.placed)];
    record.older_ = newest_;
    if (newest_ != nullptr)
        newest_->newer_ = &record;
    newest_ = &record;
}

void task_registry::remove(spawn_record& ended) noexcept {
    lock();
    (ended.newer_ != nullptr ? ended.newer_->older_ : newest_) = ended.older_;
    if (ended.older_ != nullptr)
        ended.older_->newer_ = ended.newer_;
    count_up(ended_);
    unlock();
    if (closed()) [[unlikely]]
        owner_.task_ended_while_closing();
}

std::uint64_t task_registry::alive() const noexcept {
    // Those who left are read first, so that the difference is never too small.
    const std::uint64_t left =
        ended_.load(std::memory_order_acquire) + refused_.load(std::memory_order_acquire);
    return admitted_here_.load(std::memory_order_acquire) +
           intake_.load(std::memory_order_acquire) / one_task - left;
}

std::uint64_t task_registry::spawned() const noexcept {
    const std::uint64_t refused = refused_.load(std::memory_order_acquire);
    return admitted_here_.load(std::memory_order_relaxed) +
           intake_.load(std::memory_order_acquire) / one_task - refused;
}

std::array<std::uint64_t, task_registry::placement_kinds>
task_registry::spawned_as() const noexcept {
    std::array<std::uint64_t, placement_kinds> seen{};
    for (std::size_t kind = 0; kind != placement_kinds; ++kind)
        seen[kind] = listed_as_[kind].get();
    return seen;
}

void task_registry::for_each(const std::function<void(spawn_record&)>& visit) {
    // What it throws passes on.
    struct holder {
        explicit holder(task_registry& registry) noexcept : held(registry) { held.lock(); }
        holder(const holder&) = delete;
        holder& operator=(const holder&) = delete;
        ~holder() { held.unlock(); }
        task_registry& held;
    } const holding(*this);
    for (spawn_record* at = newest_; at != nullptr; at = at->older_)
        visit(*at);
}

void task_registry::wait_for_lock() noexcept {
    for (backoff between_looks; !try_lock();)
        between_looks.wait();
}

}  // namespace spargio::detail
