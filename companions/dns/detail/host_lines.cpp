#include "companions/dns/detail/host_lines.hpp"

#include <algorithm>
#include <charconv>

#include "companions/dns/detail/host_name.hpp"

namespace spargio::dns::detail {
namespace {

constexpr std::string_view blanks = " \t\r\v\f";

/// Cuts the first word off `line`; empty at its end.
std::string_view next_word(std::string_view& line) noexcept {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// Calls `look(line)` with each line, without its comment, until it says true.
template <class Look>
void each_line(std::string_view text, Look look) {
    while (!text.empty()) {
        const std::string_view whole = text.substr(0, text.find('\n'));
        if (look(whole.substr(0, whole.find('#'))))
            return;
        text.remove_prefix(std::min(whole.size() + 1, text.size()));
    }
}

}  // namespace

std::vector<socket_address> addresses_in_hosts(std::string_view text, std::string_view host,
                                               int family, std::uint16_t port, std::size_t most) {
    std::vector<socket_address> all;
    each_line(text, [&](std::string_view line) {
        const std::string_view address = next_word(line);
        for (auto name = next_word(line); !name.empty(); name = next_word(line)) {
            if (!same_name(name, host))
                continue;
            const auto parsed = socket_address::parse(address, port);
            if (parsed && parsed->family() == family)
                all.push_back(*parsed);
            break;
        }
        return all.size() == most;
    });
    return all;
}

std::optional<std::uint16_t> port_in_services(std::string_view text, std::string_view service) {
    std::optional<std::uint16_t> found;
    each_line(text, [&](std::string_view line) {
        const std::string_view name = next_word(line);
        const std::string_view where = next_word(line);
        bool is_it = name == service;
        for (auto alias = next_word(line); !is_it && !alias.empty(); alias = next_word(line))
            is_it = alias == service;
        const std::size_t slash = where.find('/');
        if (!is_it || slash == std::string_view::npos)
            return false;
        std::uint16_t port = 0;
        const auto [at, error] = std::from_chars(where.data(), where.data() + slash, port);
        const std::string_view protocol = where.substr(slash + 1);
        if (error != std::errc() || at != where.data() + slash ||
            (protocol != "tcp" && protocol != "udp"))
            return false;
        const bool is_tcp = protocol == "tcp";
        if (is_tcp || !found)
            found = port;
        return is_tcp;
    });
    return found;
}

}  // namespace spargio::dns::detail
