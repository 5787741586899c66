#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spargio/core/result.hpp"

namespace spargio::dns::detail {

/// Whether `name` can be the name of a host: labels of letters, digits, '-' and '_', none empty or
/// longer than 63 bytes, 253 bytes together, and a last one that is no number, so that a mistyped
/// address is not asked for. One dot may follow. Source: RFC 1123 2.1, RFC 1035 2.3.4.
[[nodiscard]] bool is_host_name(std::string_view name) noexcept;

/// Whether `name` is the domain or in it.
[[nodiscard]] bool is_within(std::string_view name, std::string_view domain) noexcept;

/// The same host, whatever the case and with or without the last dot.
[[nodiscard]] bool same_name(std::string_view one, std::string_view other) noexcept;

/// What to ask for, one after the other until one is there, each with its last dot: a name with
/// fewer dots than `ndots` is tried in the search list's domains first, one with as many by itself
/// first, one that ends with a dot by itself only. Source: resolv.conf(5).
[[nodiscard]] std::vector<std::string> candidates(std::string_view name, unsigned ndots,
                                                  const std::vector<std::string>& search);

}  // namespace spargio::dns::detail
