#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

/// Replies as they go over the wire, each appended to `out`.
/// Source: the Redis serialization protocol, version 2.
namespace keyed_router::reply {

namespace detail {
inline void append_number(std::string& out, char type, std::int64_t value) {
    char line[24];
    line[0] = type;
    char* end = std::to_chars(line + 1, line + sizeof line - 2, value).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out.append(line, end);
}
}  // namespace detail

/// \pre `text` has no line breaks
inline void simple(std::string& out, std::string_view text) {
    out += '+';
    out += text;
    out += "\r\n";
}

/// `text` begins with the error's code. \pre it has no line breaks
inline void error(std::string& out, std::string_view text) {
    out += '-';
    out += text;
    out += "\r\n";
}

inline void integer(std::string& out, std::int64_t value) {
    detail::append_number(out, ':', value);
}

inline void bulk(std::string& out, std::string_view bytes) {
    detail::append_number(out, '$', static_cast<std::int64_t>(bytes.size()));
    out += bytes;
    out += "\r\n";
}

inline void null(std::string& out) {
    out += "$-1\r\n";
}

/// Its elements follow.
inline void array(std::string& out, std::size_t elements) {
    detail::append_number(out, '*', static_cast<std::int64_t>(elements));
}

}  // namespace keyed_router::reply
