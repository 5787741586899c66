#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keyed_router {

/// What one request may be; a client that goes beyond is told, and its connection ends.
struct request_limits {
    std::size_t max_bulk_bytes = 16 * 1024 * 1024;
    std::size_t max_args = 65'536;
    std::size_t max_request_bytes = 64 * 1024 * 1024;  // all of its arguments and their headers
};

/// Reads requests, in arrays of bulk strings or as inline commands, from bytes that arrive in any
/// pieces. What was read of a request is not read again when more of it comes.
/// Source: the Redis serialization protocol, version 2.
class request_parser {
public:
    enum class state : std::uint8_t { complete, incomplete, malformed };

    /// Where an argument lies, counted from the first byte of the request.
    struct slice {
        std::size_t offset;
        std::size_t size;
    };

    static constexpr std::size_t max_inline_bytes = 64 * 1024;

    explicit request_parser(const request_limits& limits) : limits_(limits) {}

    /// Looks at `bytes`, which begin with a request: either all that was seen of it before, with
    /// more behind it, or a new one after next(). Quotes and escapes of an inline command are
    /// resolved in place.
    auto parse(std::span<char> bytes) -> state;
    /// Forgets the request.
    void next();

    /// The complete request's arguments; none when nothing was asked, as by an empty line.
    [[nodiscard]] auto args() const -> std::span<const slice> { return args_; }
    /// The complete request's size.
    [[nodiscard]] auto size() const -> std::size_t { return position_; }
    /// A malformed request's fault.
    [[nodiscard]] auto error() const -> const std::string& { return error_; }

private:
    auto parse_count(std::span<char> bytes) -> state;
    auto parse_bulks(std::span<char> bytes) -> state;
    auto parse_inline(std::span<char> bytes) -> state;
    auto split_line(std::span<char> line) -> state;
    auto fail(std::string_view why) -> state;

    static constexpr std::size_t most_kept_args = 1024;
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    request_limits limits_;
    std::size_t position_ = 0;  // everything before it was understood
    std::size_t count_ = none;  // arguments of an array
    std::size_t bulk_ = none;   // size of the argument that comes next
    std::vector<slice> args_;
    std::string error_;
};

}  // namespace keyed_router
