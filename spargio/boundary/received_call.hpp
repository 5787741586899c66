#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "spargio/boundary/call_line.hpp"

namespace spargio::boundary {

template <class Request, class Response>
class server;

/// A call that a server has received and owes an answer. Dropped without one, it answers the caller
/// errc::unanswered. It may outlive the server and the channel's ends.
/// Thread: any, one at a time; several may ask what is const until it is responded to.
template <class Request, class Response>
class [[nodiscard]] received_call {
public:
    received_call(received_call&& other) noexcept
        : line_(std::move(other.line_)), slot_(std::exchange(other.slot_, nullptr)) {}
    received_call& operator=(received_call&& other) noexcept {
        std::swap(line_, other.line_);
        std::swap(slot_, other.slot_);
        return *this;
    }
    ~received_call() {
        if (slot_ != nullptr) {
            slot_->request.reset();
            line_->drop(*slot_);
        }
    }

    /// \pre not responded to
    [[nodiscard]] Request& request() noexcept {
        SPARGIO_ASSERT(slot_ != nullptr);
        return *slot_->request;
    }
    /// When the caller stops waiting; clock::time_point::max() when it does not.
    [[nodiscard]] clock::time_point deadline() const noexcept {
        SPARGIO_ASSERT(slot_ != nullptr);
        return slot_->deadline;
    }
    /// Until then, by the clock of the calling shard; nothing once it is over.
    [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept {
        if (deadline() == clock::time_point::max())
            return std::chrono::nanoseconds::max();
        return std::max(deadline() - detail::time_here(), std::chrono::nanoseconds(0));
    }
    /// Nobody waits for the answer any more. Takes the channel's lock.
    [[nodiscard]] bool caller_left() const {
        SPARGIO_ASSERT(slot_ != nullptr);
        return line_->caller_left(*slot_);
    }

    /// Answers, and is done with the call. A callback of the caller's runs in here.
    /// Error: errc::caller_left; then the response is dropped, which does no harm.
    result<void> respond(Response response) {
        SPARGIO_ASSERT(slot_ != nullptr);
        auto& slot = *std::exchange(slot_, nullptr);
        slot.request.reset();
        slot.answer.emplace(std::move(response));
        if (line_->respond(slot))
            return {};
        slot.answer.reset();
        line_->release(slot);
        return failure(errc::caller_left);
    }

private:
    using line = detail::typed_line<Request, Response>;
    friend class server<Request, Response>;
    received_call(std::shared_ptr<line> from, typename line::slot& slot) noexcept
        : line_(std::move(from)), slot_(&slot) {}

    std::shared_ptr<line> line_;
    typename line::slot* slot_;
};

}  // namespace spargio::boundary
