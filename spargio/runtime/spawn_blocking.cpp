#include "spargio/runtime/spawn_blocking.hpp"

#include "spargio/runtime/detail/runtime_core.hpp"

namespace spargio::detail {

bool blocking_wait::start(promise_base& waiter) {
    if (!bind(waiter)) {
        refusal_ = std::make_error_code(std::errc::operation_canceled);
        return false;
    }
    pool_ = &runtime_core::current()->blocking();
    // The call may be over at once; its end is a post, which is not looked at before the claim is
    // free again.
    const shard::hold held(home());
    switch (pool_->submit(*this)) {
    case blocking_pool::answer::overloaded:
        refusal_ = make_error_code(errc::overloaded);
        break;
    case blocking_pool::answer::closed:
        refusal_ = make_error_code(errc::shut_down);
        break;
    case blocking_pool::answer::accepted:
        listen_held();
        return true;
    }
    return false;
}

void blocking_wait::run_job(blocking_pool::job& work) noexcept {
    auto& wait = static_cast<blocking_wait&>(work);
    wait.call();
    wait.home().post(wait);
}

bool blocking_wait::on_stop() noexcept {
    // Not in the queue any more: the call is being made, or was.
    if (pool_->withdraw(*this)) {
        refusal_ = std::make_error_code(std::errc::operation_canceled);
        end_now();
    }
    return true;
}

}  // namespace spargio::detail
