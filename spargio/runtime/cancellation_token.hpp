#pragma once

#include <memory>

#include "spargio/core/result.hpp"
#include "spargio/core/stop_token.hpp"
#include "spargio/runtime/cancelled_awaiter.hpp"

namespace spargio {

/// A cancellation that tasks share: whoever holds a copy can cancel, ask, and wait. A child is
/// cancelled with its parent, and not the other way round.
///
/// Copies share one state, which lives as long as the last of them or of its children.
/// Memory: one allocation a token that is not a copy. Thread: any.
class cancellation_token {
public:
    cancellation_token() : state_(std::make_shared<state>(nullptr)) {}

    /// Cancels this token and its children; returns when everything that listens has been told.
    /// \return whether it was the first to.
    bool cancel() const noexcept { return state_->source.request_stop(); }
    [[nodiscard]] bool is_cancelled() const noexcept { return state_->source.stop_requested(); }
    /// A token that is cancelled with this one, or by itself.
    [[nodiscard]] cancellation_token child() const { return cancellation_token(state_); }

    /// Yields when the token is cancelled, at once if it was. The await keeps a copy alive.
    /// Error: std::errc::operation_canceled when the awaiting task was asked to stop first.
    [[nodiscard]] auto cancelled() const noexcept {
        return detail::cancelled_awaiter(std::shared_ptr<stop_source>(state_, &state_->source));
    }
    /// For whatever takes a stop token; valid while this token or a copy lives.
    [[nodiscard]] stop_token get_token() const noexcept { return state_->source.get_token(); }

private:
    struct state {
        explicit state(std::shared_ptr<state> above)
            : parent(std::move(above)),
              follow(parent != nullptr ? parent->source.get_token() : stop_token(),
                     pass_on{&source}) {}

        struct pass_on {
            stop_source* source;
            void operator()() const noexcept { source->request_stop(); }
        };
        stop_source source;
        std::shared_ptr<state> parent;
        stop_callback<pass_on> follow;
    };
    explicit cancellation_token(std::shared_ptr<state> parent)
        : state_(std::make_shared<state>(std::move(parent))) {}

    std::shared_ptr<state> state_;
};

}  // namespace spargio
