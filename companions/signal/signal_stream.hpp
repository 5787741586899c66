#pragma once

#include <initializer_list>
#include <vector>

#include "spargio/core/result.hpp"
#include "spargio/core/task.hpp"
#include "spargio/io/descriptor.hpp"

namespace spargio::signal {

/// Signals that are awaited instead of handled. Several streams of one signal share it: each
/// arrival reaches one of them.
///
/// The signals must be blocked in every thread of the process (runtime_builder::block_signals,
/// called before other threads start), or the kernel would deliver them elsewhere. Thread: one at a
/// time; any shard.
class signal_stream {
public:
    /// Errors: errc::signals_not_blocked when some thread does not block them all; invalid_argument
    /// for a number that is none; too_many_files_open. Source: signalfd(2).
    [[nodiscard]] static result<signal_stream> open(std::vector<int> signals);

    /// Yields the number of the next signal. Error: std::errc::operation_canceled; none was taken.
    [[nodiscard]] task<result<int>> next();

private:
    explicit signal_stream(descriptor arrivals) noexcept : arrivals_(std::move(arrivals)) {}

    descriptor arrivals_;
};

}  // namespace spargio::signal
