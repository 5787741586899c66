#include "spargio/runtime/reschedule_on.hpp"

#include <cerrno>

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio::detail {

bool reschedule_awaiter::start(promise_base& waiter) noexcept {
    const runtime_core* core = runtime_core::current();
    SPARGIO_ASSERT(core != nullptr);
    if (shard_ >= core->shard_count()) {
        outcome_ = failure(make_error_code(errc::no_such_shard));
        return false;
    }
    shard& there = core->shard_at(shard_);
    if (&there == shard::current())
        return false;
    if (waiter.env->record->runs_as != work_kind::stealable) {
        shard::current()->count_affinity_violation();
        outcome_ = failure(EPERM);
        return false;
    }
    // For this one hop.
    waiter.kind = work_kind::pinned;
    there.post(waiter);
    return true;
}

}  // namespace spargio::detail
