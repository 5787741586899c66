#include "spargio/runtime/detail/drain_awaiter.hpp"

#include "spargio/runtime/spawn_record.hpp"

namespace spargio::detail {

bool drain_awaiter::start(promise_base& waiter) {
    const bool go_on = bind(waiter);
    if (runtime_core::current() == &core_)
        static_cast<spawn_record*>(waiter.env->record)->exempt_from_shutdown = true;
    core_.begin_shutdown();
    place_.waiter = this;
    place_.home = &home();
    if (!go_on || !core_.wait_for_drain(place_))
        return false;
    listen();
    return true;
}

void drain_awaiter::on_stop() noexcept {
    // Not in the line any more: the good news is on its way.
    if (core_.leave_drain(place_))
        end_now();
}

}  // namespace spargio::detail
