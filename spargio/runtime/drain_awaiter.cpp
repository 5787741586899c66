#include "spargio/runtime/detail/drain_awaiter.hpp"

#include "spargio/runtime/spawn_record.hpp"

namespace spargio::detail {

bool drain_awaiter::start(promise_base& waiter) {
    const bool go_on = bind(waiter);
    stay_home();
    place_.waiter = this;
    place_.home = &home();
    if (runtime_core::current() == &core_)
        place_.task = static_cast<spawn_record*>(waiter.env->record);
    // In the line first: whoever begins a shutdown asks only those to stop who do not wait for one.
    core_.join_drain(place_);
    core_.begin_shutdown();
    core_.check_drain();
    // Not in the line any more: the good news is on its way, and comes before the stop.
    if (!go_on)
        return !core_.leave_drain(place_);
    listen();
    return true;
}

bool drain_awaiter::on_stop() noexcept {
    // Not in the line any more: the good news is on its way.
    if (core_.leave_drain(place_))
        end_now();
    return true;
}

}  // namespace spargio::detail
