#include "spargio/time/boot_clock.hpp"

#include <cerrno>
#include <ctime>

namespace spargio {

boot_clock::time_point boot_clock::now() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

result<void> detail::decode_passed::operator()(int outcome) const noexcept {
    if (outcome == -ETIME)
        return {};
    return failure(-outcome);
}

}  // namespace spargio
