#include "request_parser.hpp"

#include <cstring>
#include <optional>

namespace keyed_router {
namespace {

using state = request_parser::state;

struct number_line {
    state seen;
    std::int64_t value = 0;
    std::size_t end = 0;  // behind its line
};

auto is_digit(char c) -> bool {
    return c >= '0' && c <= '9';
}

/// Any number, also of a line that has not come whole. What is wrong is seen as soon as it is
/// there, so that the same bytes get the same answer in whatever pieces they come.
[[gnu::noinline]] auto read_any_number(std::span<const char> bytes, std::size_t at) -> number_line {
    constexpr std::size_t most_digits = 10;
    const bool negative = at < bytes.size() && bytes[at] == '-';
    if (negative) {
        ++at;
    }
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; at < bytes.size() && is_digit(bytes[at]); ++at) {
        // As Redis writes it: no zero in front, nor a minus in front of zero.
        if (++digits > most_digits || (digits == 1 && negative && bytes[at] == '0') ||
            (digits == 2 && value == 0)) {
            return {state::malformed};
        }
        value = value * 10 + (bytes[at] - '0');
    }
    if (at == bytes.size()) {
        return {state::incomplete};
    }
    if (digits == 0 || bytes[at] != '\r') {
        return {state::malformed};
    }
    if (at + 1 == bytes.size()) {
        return {state::incomplete};
    }
    if (bytes[at + 1] != '\n') {
        return {state::malformed};
    }
    return {state::complete, negative ? -value : value, at + 2};
}

/// A decimal number and the end of its line; mostly it has one digit, or two.
auto read_number(std::span<const char> bytes, std::size_t at) -> number_line {
    if (at + 4 <= bytes.size() && is_digit(bytes[at])) {
        const char* const line = bytes.data() + at;
        const std::int64_t first = line[0] - '0';
        if (line[1] == '\r' && line[2] == '\n') {
            return {state::complete, first, at + 3};
        }
        if (first != 0 && is_digit(line[1]) && line[2] == '\r' && line[3] == '\n') {
            return {state::complete, first * 10 + (line[1] - '0'), at + 4};
        }
    }
    return read_any_number(bytes, at);
}

auto is_blank(char c) -> bool {
    return c == ' ' || c == '\t' || c == '\r' || c == '\0' || c == '\v' || c == '\f';
}

auto hex_digit(char c) -> int {
    if (is_digit(c)) {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// The character that an escape stands for; `at` is moved behind it.
auto resolve_escape(std::span<const char> line, std::size_t& at) -> char {
    const char escaped = line[at++];
    switch (escaped) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    case 'x':
        if (at + 1 < line.size() && hex_digit(line[at]) >= 0 && hex_digit(line[at + 1]) >= 0) {
            at += 2;
            return static_cast<char>(hex_digit(line[at - 2]) * 16 + hex_digit(line[at - 1]));
        }
        return escaped;
    default:
        return escaped;
    }
}

/// Resolves the quoted part of an argument, from behind its opening quote at `at`, to where `write`
/// is, which lies before it. \return false when the quote is not closed, or closed within a word.
auto resolve_quoted(std::span<char> line, std::size_t& at, std::size_t& write, char quote) -> bool {
    while (at < line.size()) {
        const char c = line[at++];
        if (c == quote) {
            return at == line.size() || is_blank(line[at]);
        }
        const bool escapes = c == '\\' && at < line.size() && (quote == '"' || line[at] == '\'');
        line[write++] = escapes ? resolve_escape(line, at) : c;
    }
    return false;
}

/// What ends a word: fewer than what may stand between words.
auto ends_word(char c) -> bool {
    return c == ' ' || c == '\t' || c == '\r' || c == '\0';
}

}  // namespace

void request_parser::next() {
    position_ = 0;
    count_ = none;
    bulk_ = none;
    args_.clear();
    if (args_.capacity() > most_kept_args) {
        args_.shrink_to_fit();
    }
}

auto request_parser::parse(std::span<char> bytes) -> state {
    if (bytes.empty()) {
        return state::incomplete;
    }
    if (count_ == none) {
        if (bytes[0] != '*') {
            return parse_inline(bytes);
        }
        if (const state seen = parse_count(bytes); seen != state::complete) {
            return seen;
        }
    }
    return parse_bulks(bytes);
}

auto request_parser::parse_count(std::span<char> bytes) -> state {
    const number_line count = read_number(bytes, 1);
    if (count.seen == state::incomplete) {
        return count.seen;
    }
    if (count.seen == state::malformed ||
        count.value > static_cast<std::int64_t>(limits_.max_args)) {
        return fail("invalid multibulk length");
    }
    count_ = count.value > 0 ? static_cast<std::size_t>(count.value) : 0;
    position_ = count.end;
    return state::complete;
}

auto request_parser::parse_bulks(std::span<char> bytes) -> state {
    while (args_.size() < count_) {
        if (bulk_ == none) {
            if (position_ == bytes.size()) {
                return state::incomplete;
            }
            if (const char c = bytes[position_]; c != '$') {
                using namespace std::string_literals;
                const bool printable = c > ' ' && c <= '~';
                return fail("expected '$', got '"s + (printable ? c : '?') + "'");
            }
            const number_line size = read_number(bytes, position_ + 1);
            if (size.seen == state::incomplete) {
                return size.seen;
            }
            if (size.seen == state::malformed || size.value < 0 ||
                size.value > static_cast<std::int64_t>(limits_.max_bulk_bytes)) {
                return fail("invalid bulk length");
            }
            bulk_ = static_cast<std::size_t>(size.value);
            if (size.end + bulk_ + 2 > limits_.max_request_bytes) {
                return fail("request too large");
            }
            position_ = size.end;
        }
        const std::size_t end = position_ + bulk_;
        if (end < bytes.size() && bytes[end] != '\r') {
            return fail("bulk string without its end of line");
        }
        if (end + 1 >= bytes.size()) {
            return state::incomplete;
        }
        if (bytes[end + 1] != '\n') {
            return fail("bulk string without its end of line");
        }
        args_.push_back({position_, bulk_});
        position_ = end + 2;
        bulk_ = none;
    }
    return state::complete;
}

auto request_parser::parse_inline(std::span<char> bytes) -> state {
    const std::size_t seen = std::min(bytes.size(), max_inline_bytes);
    const void* found =
        position_ < seen ? std::memchr(bytes.data() + position_, '\n', seen - position_) : nullptr;
    if (found == nullptr) {
        if (bytes.size() >= max_inline_bytes) {
            return fail("too big inline request");
        }
        position_ = bytes.size();
        return state::incomplete;
    }
    const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    position_ = length + 1;
    return split_line(bytes.first(length));
}

auto request_parser::split_line(std::span<char> line) -> state {
    for (std::size_t at = 0;;) {
        while (at < line.size() && is_blank(line[at])) {
            ++at;
        }
        if (at == line.size()) {
            return state::complete;
        }
        if (args_.size() == limits_.max_args) {
            return fail("too many arguments");
        }
        const std::size_t begin = at;
        std::size_t write = at;
        while (at < line.size() && !ends_word(line[at])) {
            const char c = line[at++];
            if (c != '"' && c != '\'') {
                line[write++] = c;
            } else if (!resolve_quoted(line, at, write, c)) {
                return fail("unbalanced quotes in request");
            } else {
                break;  // a closed quote ends the word, too
            }
        }
        args_.push_back({begin, write - begin});
    }
}

auto request_parser::fail(std::string_view why) -> state {
    error_ = "Protocol error: ";
    error_ += why;
    return state::malformed;
}

}  // namespace keyed_router
