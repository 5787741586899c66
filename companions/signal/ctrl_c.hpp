#pragma once

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"

namespace spargio::signal {

/// Yields SIGINT or SIGTERM, whichever comes: the request to end. Needs
/// runtime_builder::block_signals({SIGINT, SIGTERM}), else errc::signals_not_blocked; also
/// std::errc::operation_canceled.
[[nodiscard]] task<result<int>> ctrl_c();

}  // namespace spargio::signal
