#pragma once

#include <string>
#include <system_error>

namespace spargio {

/// What the runtime itself refuses; what the kernel refuses is std::errc in the generic category.
enum class errc {
    overloaded = 1,        ///< a configured bound was reached; nothing was started
    shut_down,             ///< the runtime is closing or gone; nothing was started
    backpressure,          ///< the target's mailbox is full; the message was not queued
    no_such_shard,         ///< the shard number is not below shard_count()
    invalid_option,        ///< a builder or open option is out of range or contradicts another
    io_uring_unavailable,  ///< this process may not use io_uring; the message says why
    end_of_stream,         ///< the peer finished before the requested bytes arrived
    signals_not_blocked,   ///< a signal to be awaited would reach another thread first
    not_on_shard,          ///< the call needs a shard and the calling thread is none
    closed,                ///< the other end, or this one, takes and gives no more
    unanswered,            ///< who received the call dropped it without a response
    caller_left,           ///< nobody waits for the response any more; it was dropped
    frame_too_large,       ///< a frame is longer than its codec allows
    line_too_long,         ///< no line ends within the allowed length
    limit_exceeded,        ///< a stream holds more bytes than the caller allows
    nothing_written,       ///< a write took none of its bytes, which would go on for ever
};

/// The category of `errc`; its name is "spargio".
[[nodiscard]] const std::error_category& error_category() noexcept;

[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

/// An error with the sentence that names its cause and its cure.
struct error {
    std::error_code code;
    std::string message;
};

}  // namespace spargio

template <>
struct std::is_error_code_enum<spargio::errc> : std::true_type {};
