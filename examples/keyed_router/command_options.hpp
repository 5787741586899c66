#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "operation.hpp"

namespace keyed_router {

// What may follow a command's keys and values, read as redis-server reads it.

using arguments = std::span<const std::string_view>;

inline constexpr std::string_view syntax_error = "ERR syntax error";

/// What a client sent, as far as it may stand in an error: one line of modest length.
auto shown(std::string_view sent, std::size_t most = 128) -> std::string;

/// Milliseconds, if a time so far from now can be told, by the calendar as Redis does it.
auto to_milliseconds(std::int64_t value, std::int64_t unit) -> std::optional<std::int64_t>;

/// Reads the options of EXPIRE, before any number. \return what is wrong with them, or nothing.
auto read_expire_options(arguments options, expiry_condition& when) -> std::string;

/// Reads the options of SET into `step`: all of them before any number, and of one that comes twice
/// the last. \return what is wrong with them, or nothing.
auto read_set_options(arguments options, operation& step) -> std::string_view;

}  // namespace keyed_router
