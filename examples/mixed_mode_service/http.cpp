#include "http.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <system_error>
#include <utility>

namespace mixed_mode {
namespace {

auto refuse(int status, std::string why) -> std::unexpected<response> {
    return std::unexpected(response{.status = status, .body = std::move(why) + "\n"});
}

auto reason(int status) -> std::string_view {
    constexpr std::array<std::pair<int, std::string_view>, 9> known = {{
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    }};
    const auto* found = std::ranges::find(known, status, &std::pair<int, std::string_view>::first);
    return found == known.end() ? "Error" : found->second;
}

/// The part up to `separator`, which is taken off `rest` with it.
auto cut(std::string_view& rest, std::string_view separator) -> std::string_view {
    auto at = rest.find(separator);
    auto part = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + separator.size());
    return part;
}

auto same_word(std::string_view one, std::string_view other) -> bool {
    return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    });
}

auto trimmed(std::string_view text) -> std::string_view {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

auto number(std::string_view text, std::uint64_t least, std::uint64_t most)
    -> std::expected<std::uint64_t, response> {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
        return refuse(400, "'" + std::string(text) + "' is not a number from " +
                               std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
}

auto parse_question(std::string_view query, http_request& into) -> std::expected<void, response> {
    bool has_below = false;
    while (!query.empty()) {
        auto value = cut(query, "&");
        auto name = cut(value, "=");
        if (name == "below") {
            auto below = number(value, 0, most_below);
            if (!below) {
                return std::unexpected(below.error());
            }
            into.asked.below = *below;
            has_below = true;
        } else if (name == "parts") {
            auto parts = number(value, 1, most_parts);
            if (!parts) {
                return std::unexpected(parts.error());
            }
            into.asked.parts = static_cast<unsigned>(*parts);
        } else if (name == "deadline_ms") {
            constexpr auto longest = static_cast<std::uint64_t>(longest_deadline.count());
            auto limit = number(value, 1, longest);
            if (!limit) {
                return std::unexpected(limit.error());
            }
            into.deadline = std::chrono::milliseconds(*limit);
        } else {
            return refuse(400, "no such parameter: '" + std::string(name) + "'");
        }
    }
    if (!has_below) {
        return refuse(400, "the parameter 'below' is missing");
    }
    return {};
}

/// The header lines that matter here.
auto parse_fields(std::string_view lines, http_request& into) -> std::expected<void, response> {
    while (!lines.empty()) {
        auto line = cut(lines, "\r\n");
        if (line.empty()) {
            break;
        }
        auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) {
            return refuse(400, "a header line without a name");
        }
        auto name = line.substr(0, colon);
        // Others may read such a line as what it seems to be, a body's length say (RFC 9112 5.1).
        if (name.find_first_of(" \t") != std::string_view::npos) {
            return refuse(400, "a blank in a header's name");
        }
        auto value = trimmed(line.substr(colon + 1));
        if (same_word(name, "connection") && same_word(value, "close")) {
            into.keep_alive = false;
        } else if (same_word(name, "transfer-encoding") ||
                   (same_word(name, "content-length") && value != "0")) {
            return refuse(400, "a request with a body");
        }
    }
    return {};
}

}  // namespace

auto parse(std::string_view header, std::chrono::milliseconds default_deadline)
    -> std::expected<http_request, response> {
    auto line = cut(header, "\r\n");
    auto method = cut(line, " ");
    auto target = cut(line, " ");
    if (method.empty() || target.empty() || target.front() != '/' || !line.starts_with("HTTP/")) {
        return refuse(400, "not an HTTP request");
    }
    if (line != "HTTP/1.1" && line != "HTTP/1.0") {
        return refuse(505, "HTTP/1.1, please");
    }
    if (method != "GET") {
        return refuse(405, "GET, please");
    }
    http_request read;
    read.deadline = default_deadline;
    read.keep_alive = line == "HTTP/1.1";
    if (auto fields = parse_fields(header, read); !fields) {
        return std::unexpected(fields.error());
    }
    auto path = cut(target, "?");
    if (path == "/primes") {
        read.wanted = http_request::kind::primes;
        if (auto question = parse_question(target, read); !question) {
            return std::unexpected(question.error());
        }
    } else if (path == "/stats") {
        read.wanted = http_request::kind::stats;
    } else if (path != "/") {
        return refuse(404, "nothing here; / tells what there is");
    }
    return read;
}

auto help() -> response {
    return {.body = "/primes?below=N&parts=N&deadline_ms=N  how many primes are below N\n"
                    "/stats                                 what became of the calls\n"};
}

auto to_response(const spargio::boundary::channel_stats& counted) -> response {
    auto field = [](const char* name, std::uint64_t value) {
        return "\"" + std::string(name) + "\":" + std::to_string(value);
    };
    return {.body =
                "{" + field("calls", counted.calls) + "," + field("answered", counted.answered) +
                "," + field("timed_out", counted.timed_out) + "," +
                field("cancelled", counted.cancelled) + "," + field("closed", counted.closed) +
                "," + field("unanswered", counted.unanswered) + "," +
                field("refused_overloaded", counted.refused_overloaded) + "," +
                field("responses_too_late", counted.responses_too_late) + "," +
                field("waiting", counted.waiting) + "," + field("serving", counted.serving) + "}\n",
            .is_json = true};
}

auto to_response(const question& asked, const spargio::result<answer>& outcome) -> response {
    if (outcome) {
        return {.body = "{\"below\":" + std::to_string(asked.below) +
                        ",\"primes\":" + std::to_string(outcome->primes) +
                        ",\"parts\":" + std::to_string(asked.parts) +
                        ",\"shards\":" + std::to_string(outcome->shards) + "}\n",
                .is_json = true};
    }
    const bool is_late = outcome.error() == std::errc::timed_out;
    return {.status = is_late ? 504 : 503, .body = outcome.error().message() + "\n"};
}

auto to_text(const response& what, bool keep_alive) -> std::string {
    return "HTTP/1.1 " + std::to_string(what.status) + " " + std::string(reason(what.status)) +
           "\r\nContent-Type: " + (what.is_json ? "application/json" : "text/plain") +
           "\r\nContent-Length: " + std::to_string(what.body.size()) +
           (what.status == 503 ? "\r\nRetry-After: 1" : "") +
           "\r\nConnection: " + (keep_alive ? "keep-alive" : "close") + "\r\n\r\n" + what.body;
}

}  // namespace mixed_mode
