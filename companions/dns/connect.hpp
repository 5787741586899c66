#pragma once

#include <chrono>

#include "companions/dns/resolver.hpp"
#include "spargio/net/tcp_stream.hpp"

namespace spargio::dns {

/// How connect() goes about it.
struct connect_options {
    address_family family = address_family::any;
    /// What an attempt gets before the next one begins beside it: 10 ms to 2 s.
    std::chrono::milliseconds attempt_delay{250};
    /// How long addresses of version 4 wait for those of version 6: up to 2 s.
    std::chrono::milliseconds resolution_delay{50};
    session_policy policy = session_policy::context_preferred();
};

/// Yields a connection to `host`, by whichever of its addresses answers first.
///
/// The families take turns, the one first whose first address resolve() would yield first. An
/// attempt that fails lets the next one begin at once, one that takes longer than `attempt_delay`
/// lets it begin beside it; when one succeeds the others are cancelled and their sockets closed
/// before this returns. Attempts begin as soon as it is known what there is of version 6, or what
/// there is of version 4 and `resolution_delay` has passed.
///
/// An attempt by itself takes as long as the kernel allows: put timeout() around.
/// Errors: those of resolver::resolve() when there is no address; when all attempts failed, the
/// last error that comes from a peer rather than from there being no way to it, or else the last;
/// spargio::errc::invalid_option; std::errc::operation_canceled, and then nothing is open.
/// \pre the resolver outlives the call, but not the await
/// Source: RFC 8305.
[[nodiscard]] task<result<tcp_stream>> connect(const resolver& names, std::string host,
                                               std::uint16_t port, connect_options options = {});
/// The same for a service: a port's number or name.
[[nodiscard]] task<result<tcp_stream>> connect(const resolver& names, std::string host,
                                               std::string service, connect_options options = {});

}  // namespace spargio::dns
