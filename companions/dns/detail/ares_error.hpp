#pragma once

#include <system_error>

namespace spargio::dns::detail {

/// What a status of c-ares is called here. \pre it is not ARES_SUCCESS
[[nodiscard]] std::error_code error_of_ares(int status) noexcept;

}  // namespace spargio::dns::detail
