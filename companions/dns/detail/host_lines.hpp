#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "spargio/net/socket_address.hpp"

namespace spargio::dns::detail {

/// The addresses of `family` that the text of a hosts(5) file gives to `host`, with port `port`, at
/// most `most` of them. Lines that make no sense are passed over.
[[nodiscard]] std::vector<socket_address> addresses_in_hosts(std::string_view text,
                                                             std::string_view host, int family,
                                                             std::uint16_t port, std::size_t most);

/// The port the text of a services(5) file gives to `service`; TCP's if there is one, else UDP's.
[[nodiscard]] std::optional<std::uint16_t> port_in_services(std::string_view text,
                                                            std::string_view service);

}  // namespace spargio::dns::detail
