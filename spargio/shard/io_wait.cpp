#include "spargio/shard/io_wait.hpp"

#include <cerrno>

namespace spargio::detail {

bool io_wait::start(promise_base& waiter, operation& op, attempt_history* history) noexcept {
    if (!bind(waiter) && op.cancellable()) {
        op.settle(-ECANCELED);
        return false;
    }
    shard& here = home();
    if (op.at_once() && here.features().has(feature::attempt_first)) {
        // What was begun before goes first.
        here.io().submit_now();
        if (here.io().attempt(op)) {
            if (spend_transfer())
                return false;
            const shard::hold held(here);
            end_now();
            return true;
        }
    }
    if (history != nullptr && here.features().has(feature::attempt_first) && here.quiet() &&
        history->worth_trying() && spend_transfer()) {
        const bool done = here.io().attempt(op);
        here.count_attempt(done);
        if (done) {
            history->succeeded();
            return false;
        }
        history->would_have_waited();
    }
    if (history != nullptr && history->likely_to_wait())
        op.expect_to_wait();
    op_ = &op;
    op.waiter = this;
    here.io().submit(op);
    if (!op.cancellable())
        return true;
    if (kind == work_kind::stealable) {
        const shard::hold held(here);
        listen_held();
    } else {
        listen();
    }
    return true;
}

bool io_wait::on_stop() noexcept {
    if (shard::current() != &home())
        return home().io().cancel_from_outside(*op_);
    home().io().cancel(*op_);
    return true;
}

}  // namespace spargio::detail
