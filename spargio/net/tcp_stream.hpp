#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "spargio/net/homed_stream.hpp"
#include "spargio/net/stream_listener.hpp"

namespace spargio {

/// When a silent peer is asked whether it is still there, and when it is given up.
struct keep_alive {
    std::chrono::seconds idle{60};      ///< of silence before the first question (TCP_KEEPIDLE)
    std::chrono::seconds interval{10};  ///< between questions (TCP_KEEPINTVL)
    unsigned questions = 5;             ///< unanswered: the connection is over (TCP_KEEPCNT)
};

/// A TCP connection; see connected_stream for reading and writing, homed_stream for how it comes
/// about. Limit: one descriptor; nothing else is kept for it.
class tcp_stream final : public homed_stream<tcp_stream> {
public:
    tcp_stream(tcp_stream&&) noexcept = default;
    tcp_stream& operator=(tcp_stream&&) noexcept = default;

    /// Internal: from what an accept answered.
    [[nodiscard]] static result<tcp_stream> from_accepted(result<descriptor> accepted,
                                                          session_policy policy);

    /// Sends small writes at once (TCP_NODELAY); on by default.
    result<void> set_no_delay(bool on) noexcept;
    [[nodiscard]] result<bool> no_delay() const noexcept;
    /// Asks a silent peer whether it is still there; without a value, the default, it is not asked.
    /// One that does not answer ends the connection with std::errc::timed_out.
    result<void> set_keep_alive(std::optional<keep_alive> settings) noexcept;
    [[nodiscard]] result<std::optional<keep_alive>> keep_alive_settings() const noexcept;
    /// How long written bytes may stay unacknowledged, or a window closed, until the connection
    /// ends with std::errc::timed_out; zero: as long as the system's retries last
    /// (TCP_USER_TIMEOUT).
    result<void> set_user_timeout(std::chrono::milliseconds patience) noexcept;

private:
    friend class homed_stream<tcp_stream>;
    friend class stream_listener<tcp_stream>;
    using homed_stream::homed_stream;

    [[nodiscard]] static bool is_of(int family) noexcept {
        return family == AF_INET || family == AF_INET6;
    }
    void set_defaults() noexcept { (void)set_no_delay(true); }
};

}  // namespace spargio
