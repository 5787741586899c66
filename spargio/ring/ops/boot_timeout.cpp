#include "spargio/ring/ops/boot_timeout.hpp"

#include <liburing.h>

#include <algorithm>
#include <ctime>

namespace spargio {
namespace {
constexpr std::uint64_t second_ns = 1'000'000'000;
}  // namespace

std::uint64_t boot_timeout_operation::now_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second_ns +
           static_cast<std::uint64_t>(now.tv_nsec);
}

void boot_timeout_operation::prepare(const operation& self, ::io_uring_sqe& request) noexcept {
    const auto& op = static_cast<const boot_timeout_operation&>(self);
    static_assert(sizeof op.wait_ == sizeof(__kernel_timespec) &&
                  offsetof(__kernel_timespec, tv_nsec) == sizeof op.wait_.seconds);
    const std::uint64_t now = now_ns();
    const std::uint64_t left = op.deadline_ns_ - std::min(op.deadline_ns_, now);
    op.wait_ = {static_cast<std::int64_t>(left / second_ns),
                static_cast<long long>(left % second_ns)};
    io_uring_prep_rw(IORING_OP_TIMEOUT, &request, -1, &op.wait_, 1, 0);
    request.timeout_flags = IORING_TIMEOUT_BOOTTIME;
}

}  // namespace spargio
