#pragma once

#include <cstdint>

#include "spargio/ring/operation.hpp"

namespace spargio {

/// Ends at a time of CLOCK_BOOTTIME, which goes on while the machine is suspended, with -ETIME.
/// Source: IORING_OP_TIMEOUT with IORING_TIMEOUT_ABS and IORING_TIMEOUT_BOOTTIME, from Linux 5.15.
class boot_timeout_operation final : public operation {
public:
    explicit boot_timeout_operation(std::uint64_t deadline_ns) noexcept
        : operation(kind),
          deadline_{static_cast<std::int64_t>(deadline_ns / 1'000'000'000),
                    static_cast<long long>(deadline_ns % 1'000'000'000)} {}

private:
    static void prepare(const operation& self, ::io_uring_sqe& request) noexcept;
    static constexpr operation_type kind{"boot timeout", prepare};

    // As the kernel reads it, when the request is submitted.
    struct {
        std::int64_t seconds;
        long long nanoseconds;
    } deadline_;
};

}  // namespace spargio
