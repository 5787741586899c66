#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "spargio/boundary/told_wait.hpp"

namespace spargio::boundary {

template <class Request, class Response>
class client;

/// The claim of a thread to the answer of one call. Dropped, it gives the call up.
/// Thread: any that is no shard, one at a time.
template <class Request, class Response>
class [[nodiscard]] ticket {
public:
    ticket(ticket&& other) noexcept
        : line_(std::move(other.line_)), slot_(std::exchange(other.slot_, nullptr)) {}
    ticket& operator=(ticket&& other) noexcept {
        std::swap(line_, other.line_);
        std::swap(slot_, other.slot_);
        return *this;
    }
    ~ticket() {
        if (slot_ != nullptr) {
            (void)line_->leave(*slot_);
            (void)line_->collect(*slot_);
        }
    }

    /// The answer is still to be taken.
    [[nodiscard]] bool is_pending() const noexcept { return slot_ != nullptr; }

    /// Blocks until the call has ended, at its deadline at the latest, and takes what it came to.
    /// Errors: std::errc::timed_out, errc::closed, errc::unanswered. \pre is_pending()
    result<Response> wait() {
        check();
        if (!line_->await_end(*slot_, slot_->deadline))
            (void)line_->leave(*slot_);
        return take();
    }
    /// The same for at most `limit`: then std::errc::timed_out, and the call goes on, unless its
    /// own deadline is over, too.
    result<Response> wait_timeout(time_span limit) {
        check();
        const auto until = std::min(detail::deadline_in(limit), slot_->deadline);
        if (!line_->await_end(*slot_, until)) {
            if (until < slot_->deadline)
                return failure(ETIMEDOUT);
            (void)line_->leave(*slot_);
        }
        return take();
    }

private:
    using line = detail::typed_line<Request, Response>;
    friend class client<Request, Response>;
    ticket(std::shared_ptr<line> of, typename line::slot& slot) noexcept
        : line_(std::move(of)), slot_(&slot) {}

    void check() const noexcept {
        SPARGIO_ASSERT(slot_ != nullptr);
        SPARGIO_ASSERT(shard::current() == nullptr && "a shard does not block: await call()");
    }
    result<Response> take() noexcept { return line_->collect(*std::exchange(slot_, nullptr)); }

    std::shared_ptr<line> line_;
    typename line::slot* slot_;
};

}  // namespace spargio::boundary
