#pragma once

#include "spargio/net/accept_stream.hpp"
#include "spargio/net/tcp_stream.hpp"

namespace spargio {

/// The connections of a TCP listener, accepted one after another by one request: accept_stream,
/// yielding streams.
class tcp_accept_stream {
public:
    /// Yields the next connection, whose home shard the policy chooses. Errors: as
    /// accept_stream::next().
    [[nodiscard]] auto next() noexcept {
        return accepted_.next_as([policy = policy_](result<descriptor> accepted) {
            return tcp_stream::from_accepted(std::move(accepted), policy);
        });
    }
    /// As accept_stream::request_end().
    void request_end() noexcept { accepted_.request_end(); }

private:
    friend class tcp_listener;
    tcp_accept_stream(int listener, session_policy policy) : accepted_(listener), policy_(policy) {}

    accept_stream accepted_;
    session_policy policy_;
};

}  // namespace spargio
