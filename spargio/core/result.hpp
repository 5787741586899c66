#pragma once

#include <expected>
#include <system_error>
#include <utility>

#include "spargio/core/error.hpp"

namespace spargio {

/// A value, or the reason there is none.
template <class T>
using result = std::expected<T, std::error_code>;

/// The error side of a result from an errno value (positive).
[[nodiscard]] inline std::unexpected<std::error_code> failure(int error_number) noexcept {
    return std::unexpected(std::error_code(error_number, std::generic_category()));
}

[[nodiscard]] inline std::unexpected<std::error_code> failure(std::error_code code) noexcept {
    return std::unexpected(code);
}

/// The value, for those who prefer exceptions.
/// \throws std::system_error with the result's error code.
template <class T>
T value_or_throw(result<T>&& outcome) {
    if (!outcome)
        throw std::system_error(outcome.error());
    if constexpr (!std::is_void_v<T>)
        return std::move(*outcome);
}

}  // namespace spargio
