#pragma once

#include <cstdint>

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Ends at a time of CLOCK_BOOTTIME, which goes on while the machine is suspended, with -ETIME.
/// Source: IORING_OP_TIMEOUT with IORING_TIMEOUT_BOOTTIME, from Linux 5.15.
class boot_timeout_operation final : public operation {
public:
    explicit boot_timeout_operation(std::uint64_t deadline_ns) noexcept
        : operation(kind), deadline_ns_(deadline_ns) {}

    /// Of the calling thread's time namespace. Source: clock_gettime(2).
    [[nodiscard]] static std::uint64_t now_ns() noexcept;

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"boot timeout", prepare};

    std::uint64_t deadline_ns_;
    // As the kernel reads it, when the request is submitted: how long from then. A point in time it
    // takes for one of the machine's, not of the process's time namespace.
    mutable struct {
        std::int64_t seconds;
        long long nanoseconds;
    } wait_ = {};
};

}  // namespace spargio
