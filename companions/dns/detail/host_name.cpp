#include "companions/dns/detail/host_name.hpp"

#include <algorithm>

namespace spargio::dns::detail {
namespace {

constexpr std::size_t most_name_bytes = 253;
constexpr std::size_t most_label_bytes = 63;

// Not those of <cctype>, which ask the locale.
constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
constexpr bool may_be_in_a_label(char c) noexcept {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_';
}

std::string_view without_last_dot(std::string_view name) noexcept {
    if (name.ends_with('.'))
        name.remove_suffix(1);
    return name;
}

}  // namespace

bool is_host_name(std::string_view name) noexcept {
    name = without_last_dot(name);
    if (name.size() > most_name_bytes)
        return false;
    for (;;) {
        const std::size_t dot = name.find('.');
        const std::string_view label = name.substr(0, dot);
        if (label.empty() || label.size() > most_label_bytes ||
            !std::ranges::all_of(label, may_be_in_a_label))
            return false;
        if (dot == std::string_view::npos)
            return !std::ranges::all_of(label, is_digit);
        name.remove_prefix(dot + 1);
    }
}

bool is_within(std::string_view name, std::string_view domain) noexcept {
    name = without_last_dot(name);
    if (name.size() < domain.size())
        return false;
    const std::size_t before = name.size() - domain.size();
    return same_name(name.substr(before), domain) && (before == 0 || name[before - 1] == '.');
}

bool same_name(std::string_view one, std::string_view other) noexcept {
    return std::ranges::equal(without_last_dot(one), without_last_dot(other), {}, lower, lower);
}

std::vector<std::string> candidates(std::string_view name, unsigned ndots,
                                    const std::vector<std::string>& search) {
    const std::string bare(without_last_dot(name));
    std::vector<std::string> all;
    if (!name.ends_with('.')) {
        for (const std::string& domain : search) {
            if (std::string longer = bare + '.' + std::string(without_last_dot(domain)) + '.';
                is_host_name(longer))
                all.push_back(std::move(longer));
        }
    }
    const bool is_long = std::ranges::count(bare, '.') >= static_cast<std::ptrdiff_t>(ndots);
    all.insert(is_long ? all.begin() : all.end(), bare + '.');
    return all;
}

}  // namespace spargio::dns::detail
