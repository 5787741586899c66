#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "spargio/net/socket_address.hpp"

namespace spargio::dns::detail {

/// Where an address stands among those of its name: the smaller is tried first. Of equals the one
/// that was given first.
struct preference {
    bool unreachable = false;
    bool scopes_differ = false;
    bool labels_differ = false;
    int precedence_below_most = 0;
    unsigned scope = 0;
    unsigned bits_that_differ = 0;  // between the address and the one packets to it come from
    unsigned number = 0;            // where somebody else has put them in order

    friend auto operator<=>(const preference&, const preference&) = default;
};

/// An address of a name, with its place.
struct ranked_address {
    socket_address address;
    preference rank;
    std::size_t place = 0;  // where it stood before
};

/// Sorts them; of equals the one that stands first stays first.
void put_in_order(std::vector<ranked_address>& addresses);

/// The place of `to`, to which packets come from `source`: none when there is no way there.
/// Source: RFC 6724 6, its rules 1, 2, 5, 6, 8 and 9, with the table of 2.1. What the others ask
/// for, and how the machine's gai.conf(5) has it, is not looked at.
[[nodiscard]] preference preference_of(const socket_address& to,
                                       const std::optional<socket_address>& source) noexcept;

/// Where packets to `to` would come from. Asks the kernel's table of routes, and sends nothing:
/// four system calls that do not wait.
[[nodiscard]] std::optional<socket_address> source_towards(const socket_address& to) noexcept;

/// In their order by this machine's routes; `sorts` false: as they stand.
[[nodiscard]] std::vector<ranked_address> in_order(std::span<const socket_address> addresses,
                                                   bool sorts);

}  // namespace spargio::dns::detail
