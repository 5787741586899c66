#pragma once

#include <system_error>

namespace spargio::dns {

/// Why a name has no address. What the runtime refuses is spargio::errc, what the kernel refuses
/// std::errc.
enum class errc {
    not_found = 1,     ///< there is no such name
    no_data,           ///< the name has no address of the family that was asked for
    timed_out,         ///< no server answered in time; equals std::errc::timed_out
    server_failure,    ///< the servers could not find out; later they may
    refused,           ///< the servers do not answer such questions of ours
    not_understood,    ///< the servers do not understand the question
    malformed_answer,  ///< an answer makes no sense
    no_server,         ///< no server could be reached
    invalid_name,      ///< what was asked for cannot be the name of a host
    unknown_service,   ///< the service is neither a port's number nor a name that is known
};

/// The category of `errc`; its name is "spargio.dns".
[[nodiscard]] const std::error_category& error_category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

}  // namespace spargio::dns

template <>
struct std::is_error_code_enum<spargio::dns::errc> : std::true_type {};
