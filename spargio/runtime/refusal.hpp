#pragma once

#include <string>
#include <system_error>

#include "spargio/core/error.hpp"

namespace spargio {

/// What stands in the way of io_uring, as far as can be seen from outside; for tests replaceable.
struct io_uring_surroundings {
    int disabled_sysctl = 0;  ///< /proc/sys/kernel/io_uring_disabled; 0 also when there is none
};

[[nodiscard]] io_uring_surroundings look_around();

/// Why a ring could not be opened, in one sentence that names the cause and the cure.
/// `code` is what io_uring_setup(2) answered.
[[nodiscard]] error explain_refusal(std::error_code code, const io_uring_surroundings& around);

namespace detail {
/// Takes no memory itself.
[[nodiscard]] error out_of_memory() noexcept;
}  // namespace detail

}  // namespace spargio
