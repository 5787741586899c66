#include "spargio/sync/barrier.hpp"

#include "spargio/core/pause.hpp"

namespace spargio::detail {

void barrier_line::arrive(line_node& node, line_wait& wait) {
    called_waits called;
    std::unique_lock guard(line_);
    SPARGIO_ASSERT(left_ != 0 && "more arrive than are expected");
    line_.push(node, wait);
    if (--left_ == 0)
        complete(called, guard);
}

void barrier_line::drop() {
    called_waits called;
    std::unique_lock guard(line_);
    SPARGIO_ASSERT(left_ != 0 && "more arrive than are expected");
    --expected_;
    if (--left_ == 0)
        complete(called, guard);
}

/// Everybody's wait is over before the completion begins: from here on a cancel comes too late.
void barrier_line::complete(called_waits& called, std::unique_lock<wait_line>& guard) {
    called.call_all(line_);
    if (completion_) {
        completing_ = true;
        guard.unlock();
        completion_();
        guard.lock();
        completing_ = false;
    }
    left_ = expected_;
}

bool barrier_line::take_back(line_node& node) noexcept {
    std::unique_lock guard(line_);
    if (!line_.stands(node)) {
        // Whom a stop claimed before goes on without being called: not into the completion.
        for (backoff between_looks; completing_;) {
            guard.unlock();
            between_looks.wait();
            guard.lock();
        }
        node.promised = false;
        return true;
    }
    line_.remove(node);
    ++left_;
    return false;
}

}  // namespace spargio::detail
