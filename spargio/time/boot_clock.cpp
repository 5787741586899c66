#include "spargio/time/boot_clock.hpp"

#include <cerrno>

namespace spargio {

boot_clock::time_point boot_clock::now() noexcept {
    return time_point(std::chrono::nanoseconds(boot_timeout_operation::now_ns()));
}

result<void> detail::decode_passed::operator()(int outcome) const noexcept {
    if (outcome == -ETIME)
        return {};
    return failure(-outcome);
}

}  // namespace spargio
