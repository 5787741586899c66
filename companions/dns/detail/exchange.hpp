#pragma once

#include "companions/dns/detail/server_channel.hpp"

namespace spargio::dns::detail {

/// Waits until a socket of the channel is ready or its time is up, and has it go on. Error: of the
/// wait, operation_canceled mostly; then the channel was left as it is.
///
/// What is awaited of each socket is asked anew each time: what c-ares wants may have grown or
/// shrunk, and no poll is under way while that happens.
/// \pre the channel is busy, and nobody else uses it
[[nodiscard]] task<result<void>> exchange(server_channel& channel);

}  // namespace spargio::dns::detail
