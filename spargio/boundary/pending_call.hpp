#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "spargio/boundary/call_line.hpp"

namespace spargio::boundary {

template <class Request, class Response>
class client;

/// A call whose end is told to a callback. Dropped, it changes nothing. Thread: any.
class pending_call {
public:
    pending_call() = default;

    [[nodiscard]] bool is_pending() const {
        return line_ != nullptr && line_->is_pending(*slot_, generation_);
    }
    /// Ends the call: the callback gets std::errc::operation_canceled, or, past its deadline,
    /// std::errc::timed_out, before this returns. \return whether it did: false when it had ended.
    bool cancel() const {
        // The callback may be what holds this.
        const auto line = line_;
        return line != nullptr && line->cancel(*slot_, generation_);
    }

private:
    template <class, class>
    friend class client;
    pending_call(std::shared_ptr<detail::call_line> line, detail::call_slot& slot) noexcept
        : line_(std::move(line)), slot_(&slot), generation_(slot.generation) {}

    std::shared_ptr<detail::call_line> line_;
    detail::call_slot* slot_ = nullptr;
    std::uint64_t generation_ = 0;
};

}  // namespace spargio::boundary
