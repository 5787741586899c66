#pragma once

#include <sched.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bench/common/recorder.hpp"

namespace bench {

/// The 64 bytes a server of the server-side workloads gets and sends back, the same for every
/// variant. The server leaves the words alone, so the generator sees that its own bytes came back.
/// In every variant a frame is one read and one write: streams at the same level of coalescing.
struct served_frame {
    std::uint32_t stall_us = 0;  ///< how long the handler keeps its thread busy before it answers
    std::uint8_t served_by = 0;  ///< the CPU of the thread that answered: workers are pinned
    std::array<std::uint8_t, 3> unused{};
    std::array<std::uint64_t, 7> words{};

    /// What every handler does between its read and its write. The time of a stall is by the wall
    /// clock: a server that is preempted meanwhile is stuck no longer than another.
    void serve() {
        if (stall_us != 0) {
            const std::uint64_t until = now_ns() + std::uint64_t{stall_us} * 1000;
            while (now_ns() < until) {
            }
        }
        served_by = static_cast<std::uint8_t>(::sched_getcpu());
    }

    void number(std::uint64_t n) {
        words.front() = n;
        words.back() = ~n;
    }
    [[nodiscard]] auto carries(std::uint64_t n) const -> bool {
        return words.front() == n && words.back() == ~n;
    }
    auto bytes() -> std::span<std::byte> { return std::as_writable_bytes(std::span(this, 1)); }
};
static_assert(sizeof(served_frame) == 64);

}  // namespace bench
