#pragma once

#include <cstdint>

namespace spargio::boundary {

/// What became of calls. Every call that was taken in ends in one of the five ways, so that
/// `calls` is their sum and those still under way.
struct channel_stats {
    std::uint64_t calls = 0;       ///< taken in
    std::uint64_t answered = 0;    ///< with a response
    std::uint64_t timed_out = 0;   ///< ended by their deadline
    std::uint64_t cancelled = 0;   ///< ended by their caller
    std::uint64_t closed = 0;      ///< ended because the servers closed
    std::uint64_t unanswered = 0;  ///< ended because a server dropped them

    std::uint64_t refused_overloaded = 0;  ///< not taken in: all slots were in use
    std::uint64_t refused_closed = 0;      ///< not taken in: closed
    std::uint64_t responses_too_late = 0;  ///< dropped: the caller had left

    std::uint64_t waiting = 0;  ///< calls no server has received yet
    std::uint64_t serving = 0;  ///< calls a server has received and the caller still waits for

    channel_stats& operator+=(const channel_stats& other) noexcept;
    bool operator==(const channel_stats&) const = default;
};

/// Of all channels of the process, those that are gone included. Thread: any.
[[nodiscard]] channel_stats stats();

}  // namespace spargio::boundary
