#include "spargio/runtime/call_on.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio::detail {

cross_call::way cross_call::start(promise_base& waiter) noexcept {
    const task_registry* here = task_registry::here();
    SPARGIO_ASSERT(here != nullptr && "call_on is awaited on a shard");
    const runtime_core& core = here->owner();
    if (shard_ >= core.shard_count() || here->closed()) [[unlikely]] {
        refusal_ =
            static_cast<int>(shard_ < core.shard_count() ? errc::shut_down : errc::no_such_shard);
        return way::refused;
    }
    home_ = &here->home();
    shard& there = core.shard_at(shard_);
    if (&there == home_)
        return way::here;
    waiter_ = &waiter;
    returns_as_ = waiter.env->record->runs_as;
    there.post(*this);
    return way::sent;
}

bool cross_call::yields(promise_base& waiter) noexcept {
    if (spend_transfer()) [[likely]]
        return false;
    go_last(waiter);
    return true;
}

void cross_call::answer() noexcept {
    run = &go_on;
    kind = returns_as_;
    home_->post(*this);
}

void cross_call::go_on(work_item& item) noexcept {
    static_cast<cross_call&>(item).waiter_->self.resume();
}

}  // namespace spargio::detail
