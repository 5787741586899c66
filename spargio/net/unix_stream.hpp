#pragma once

#include <sys/types.h>

#include <utility>

#include "spargio/net/descriptor_passing.hpp"
#include "spargio/net/homed_stream.hpp"
#include "spargio/net/stream_listener.hpp"

namespace spargio {

/// Who the process at the other end of a Unix socket was when it connected.
struct peer_credentials {
    ::pid_t process;
    ::uid_t user;
    ::gid_t group;
};

/// A connection within one machine, by a path or an abstract name, that can pass descriptors; see
/// connected_stream for reading and writing, homed_stream for how it comes about. Connecting to a
/// listener whose backlog is full waits, and keeps a kernel worker as long.
/// Limit: one descriptor; nothing else is kept for it.
class unix_stream final : public homed_stream<unix_stream> {
public:
    unix_stream(unix_stream&&) noexcept = default;
    unix_stream& operator=(unix_stream&&) noexcept = default;

    /// Two streams that are connected to each other. Errors: std::errc::too_many_files_open, ...;
    /// errc::no_such_shard. \pre called on a shard. Source: socketpair(2).
    [[nodiscard]] static result<std::pair<unix_stream, unix_stream>>
    pair(session_policy policy = session_policy::context_preferred());

    /// Writes some of `bytes`, at least one, and with the first of them copies of `descriptors`,
    /// which stay the caller's. \return bytes written: what is left goes by write_all(). Errors:
    /// those of write_some(); std::errc::invalid_argument past most_passed_descriptors,
    /// bad_file_descriptor, too_many_files_open (too many are on their way). \pre `bytes` is not
    /// empty; both outlive the await. Source: sendmsg(2), unix(7).
    [[nodiscard]] task<result<std::size_t>> send_with_descriptors(std::span<const std::byte> bytes,
                                                                  std::span<const int> descriptors);
    /// Reads at least one byte into `buffer`, or 0 at end of stream, and the descriptors that came
    /// with them, at most `most`. Descriptors a plain read meets are closed by the kernel. Errors:
    /// those of read_some(); std::errc::invalid_argument when `most` is past
    /// most_passed_descriptors. \pre `buffer` is not empty and outlives the await.
    /// Source: recvmsg(2), unix(7).
    [[nodiscard]] task<result<received_with_descriptors>>
    receive_with_descriptors(std::span<std::byte> buffer,
                             std::size_t most = most_passed_descriptors);

    /// Source: SO_PEERCRED.
    [[nodiscard]] result<peer_credentials> credentials_of_peer() const noexcept;

private:
    friend class homed_stream<unix_stream>;
    friend class stream_listener<unix_stream>;
    using homed_stream::homed_stream;

    [[nodiscard]] static bool is_of(int family) noexcept { return family == AF_UNIX; }
    void set_defaults() noexcept {}
};

}  // namespace spargio
