#pragma once

#include <cstdint>
#include <limits>
#include <system_error>

#include "spargio/net/splice_pipe.hpp"

namespace spargio {

/// How far a transfer came, and why not further; without an error it was all there was.
struct transferred {
    std::uint64_t bytes = 0;  ///< sent: the next is at this offset from where it began
    std::error_code error;
};

/// Sends `count` bytes of `from` from `offset` on, or up to its end, without copying them to the
/// program. Errors: those of reading and of write_some(); std::errc::operation_canceled after a
/// stop request. Whatever ends it, `bytes` are with the kernel to be sent, and no others. A byte
/// that changes while it is on its way may arrive changed. Limit: a splice_pipe as long as it
/// takes. \pre one writer at a time; `to` and `from` outlive the await. Source: splice(2).
[[nodiscard]] task<transferred>
send_file(connected_stream& to, const fs::file& from, std::uint64_t offset = 0,
          std::uint64_t count = std::numeric_limits<std::uint64_t>::max());

}  // namespace spargio
