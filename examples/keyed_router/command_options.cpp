#include "command_options.hpp"

#include <algorithm>
#include <chrono>

#include "number.hpp"

namespace keyed_router {

auto shown(std::string_view sent, std::size_t most) -> std::string {
    std::string text(sent.substr(0, most));
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

auto to_milliseconds(std::int64_t value, std::int64_t unit) -> std::optional<std::int64_t> {
    using namespace std::chrono;
    constexpr std::int64_t surely_told = INT64_MAX / 4;
    if (value > INT64_MAX / unit || value < INT64_MIN / unit) {
        return std::nullopt;
    }
    const std::int64_t span = value * unit;
    if (span > surely_told) {
        const auto today = system_clock::now().time_since_epoch();
        if (span > INT64_MAX - duration_cast<milliseconds>(today).count()) {
            return std::nullopt;
        }
    }
    return span;
}

auto read_expire_options(arguments options, expiry_condition& when) -> std::string {
    for (const std::string_view option : options) {
        if (same_word(option, "NX")) {
            when.if_none = true;
        } else if (same_word(option, "XX")) {
            when.if_some = true;
        } else if (same_word(option, "GT")) {
            when.if_later = true;
        } else if (same_word(option, "LT")) {
            when.if_sooner = true;
        } else {
            return "ERR Unsupported option " + shown(option);
        }
    }
    if (when.if_none && (when.if_some || when.if_later || when.if_sooner)) {
        return "ERR NX and XX, GT or LT options at the same time are not compatible";
    }
    if (when.if_later && when.if_sooner) {
        return "ERR GT and LT options at the same time are not compatible";
    }
    return {};
}

auto read_set_options(arguments options, operation& step) -> std::string_view {
    std::int64_t unit = 0;
    std::string_view span;
    for (std::size_t i = 0; i < options.size(); ++i) {
        const bool absent = same_word(options[i], "NX");
        if (absent || same_word(options[i], "XX")) {
            const auto when = absent ? store::condition::if_absent : store::condition::if_present;
            if (step.when != store::condition::always && step.when != when) {
                return syntax_error;
            }
            step.when = when;
            continue;
        }
        const bool seconds = same_word(options[i], "EX");
        const std::int64_t asked = seconds ? 1000 : 1;
        if ((!seconds && !same_word(options[i], "PX")) || (unit != 0 && unit != asked) ||
            i + 1 == options.size()) {
            return syntax_error;
        }
        unit = asked;
        span = options[++i];
    }
    if (unit == 0) {
        return {};
    }
    const auto number = to_number(span);
    if (!number) {
        return not_a_number;
    }
    const auto milliseconds = to_milliseconds(*number, unit);
    if (!milliseconds || *milliseconds <= 0) {
        return "ERR invalid expire time in 'set' command";
    }
    step.number = *milliseconds;
    return {};
}

}  // namespace keyed_router
