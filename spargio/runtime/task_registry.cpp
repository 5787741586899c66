#include "spargio/runtime/task_registry.hpp"

#include "spargio/core/pause.hpp"
#include "spargio/runtime/detail/runtime_core.hpp"
#include "spargio/runtime/spawn_record.hpp"

namespace spargio::detail {

task_registry::answer task_registry::admit() noexcept {
    const std::uint64_t before = intake_.fetch_add(one_task, std::memory_order_acq_rel);
    if ((before & closed_bit) == 0 && before / one_task < most_alive_) [[likely]] {
        spawned_.fetch_add(1, std::memory_order_relaxed);
        return answer::admitted;
    }
    intake_.fetch_sub(one_task, std::memory_order_acq_rel);
    return (before & closed_bit) != 0 ? answer::closed : answer::overloaded;
}

void task_registry::add(spawn_record& started) noexcept {
    lock();
    started.older_ = newest_;
    if (newest_ != nullptr)
        newest_->newer_ = &started;
    newest_ = &started;
    unlock();
}

void task_registry::remove(spawn_record& ended) noexcept {
    lock();
    (ended.newer_ != nullptr ? ended.newer_->older_ : newest_) = ended.older_;
    if (ended.older_ != nullptr)
        ended.older_->newer_ = ended.newer_;
    unlock();
    if ((intake_.fetch_sub(one_task, std::memory_order_acq_rel) & closed_bit) != 0)
        owner_.task_ended_while_closing();
}

void task_registry::for_each(const std::function<void(spawn_record&)>& visit) {
    lock();
    for (spawn_record* at = newest_; at != nullptr; at = at->older_)
        visit(*at);
    unlock();
}

void task_registry::lock() noexcept {
    while (locked_.exchange(true, std::memory_order_acquire)) {
        while (locked_.load(std::memory_order_relaxed))
            pause();
    }
}

}  // namespace spargio::detail
