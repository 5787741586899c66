#include "spargio/sync/wait_line.hpp"

#include "spargio/core/pause.hpp"

namespace spargio::detail {

void line_wait::suspend() noexcept {
    // Whatever ends the wait from here on, it is queued by the last of the two: no claim is needed.
    listen();
    if ((state_.fetch_or(suspended, std::memory_order_acq_rel) & called) != 0)
        queue();
}

void line_wait::go() noexcept {
    if ((state_.fetch_or(called, std::memory_order_acq_rel) & suspended) != 0)
        queue();
}

bool line_wait::on_stop() noexcept {
    if (claim()) {
        stopped_ = true;
        go();
    }
    return true;
}

/// Here, if the task may run here: whoever calls goes on with what it called for.
void line_wait::queue() noexcept {
    shard* const here = shard::current();
    if (here == &home() ||
        (kind == work_kind::stealable && here != nullptr && here->shares_work_with(home()))) {
        here->defer(*this);
    } else {
        home().post(*this);
    }
}

void wait_line::lock() noexcept {
    for (backoff between_tries;
         (state_.exchange(locked, std::memory_order_acquire) & locked) != 0;) {
        do
            between_tries.wait();
        while ((state_.load(std::memory_order_relaxed) & locked) != 0);
    }
}

bool wait_line::is_open() const noexcept {
    for (backoff between_looks;; between_looks.wait()) {
        const std::uint8_t seen = state_.load(std::memory_order_acquire);
        if ((seen & locked) == 0)
            return seen == open;
    }
}

}  // namespace spargio::detail
