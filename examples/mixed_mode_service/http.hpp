#pragma once

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

#include "spargio/boundary/stats.hpp"
#include "spargio/core/result.hpp"
#include "work.hpp"

// As much of HTTP/1.1 as the service needs, without any I/O.
namespace mixed_mode {

constexpr std::size_t most_header_bytes = 8192;
constexpr std::uint64_t most_below = 50'000'000;
constexpr unsigned most_parts = 256;
constexpr std::chrono::milliseconds longest_deadline{60'000};

struct response {
    int status = 200;
    std::string body;
    bool is_json = false;
};

/// What a client wants.
struct http_request {
    enum class kind { help, stats, primes };

    kind wanted = kind::help;
    bool keep_alive = true;
    question asked;
    std::chrono::milliseconds deadline{};
};

/// Reads a header, up to and with its empty line. \return the response that says what is wrong
/// with it.
auto parse(std::string_view header, std::chrono::milliseconds default_deadline)
    -> std::expected<http_request, response>;

auto help() -> response;
auto to_response(const spargio::boundary::channel_stats& counted) -> response;
/// 200 with the answer; 503 when overloaded, 504 past the deadline.
auto to_response(const question& asked, const spargio::result<answer>& outcome) -> response;

/// As it goes over the wire.
auto to_text(const response& what, bool keep_alive) -> std::string;

}  // namespace mixed_mode
