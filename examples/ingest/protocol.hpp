#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

/// The ingest frames, as PROTOCOL.md describes them. Pure: no I/O, no allocation.
namespace ingest {

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t file_header_size = 16;
inline constexpr std::size_t max_name_length = 255;  // NAME_MAX of the usual file systems
inline constexpr std::size_t digest_size = 32;
inline constexpr std::size_t answer_header_size = 8 + digest_size;
inline constexpr std::array<char, 4> file_magic{'S', 'P', 'I', 'N'};
inline constexpr std::array<char, 4> answer_magic{'S', 'P', 'I', 'A'};

using digest = std::array<std::byte, digest_size>;

enum class status : std::uint8_t {
    ok = 0,
    malformed_frame = 1,
    bad_name = 2,
    file_too_large = 3,
    disk_full = 4,
    permission_denied = 5,
    too_many_open_files = 6,
    io_error = 7,
    busy = 8,
    timed_out = 9,
    shutting_down = 10,
};

inline constexpr std::size_t status_count = 11;

/// The text sent with a status; scripts and people read it, so it never changes.
constexpr auto name_of(status s) -> std::string_view {
    constexpr std::array<std::string_view, status_count> names{
        "ok",
        "malformed_frame",
        "bad_name",
        "file_too_large",
        "disk_full",
        "permission_denied",
        "too_many_open_files",
        "io_error",
        "busy",
        "timed_out",
        "shutting_down",
    };
    return names[static_cast<std::size_t>(s)];
}

/// Whether the frame boundary is lost with this status, or the server wants the client gone.
constexpr auto ends_connection(status s) -> bool {
    switch (s) {
    case status::malformed_frame:
    case status::file_too_large:
    case status::busy:
    case status::timed_out:
    case status::shutting_down:
        return true;
    default:
        return false;
    }
}

struct file_header {
    std::uint16_t name_length;
    std::uint64_t file_length;
};

namespace detail {

constexpr auto read_big_endian(std::span<const std::byte> bytes) -> std::uint64_t {
    std::uint64_t value = 0;
    for (auto b : bytes) {
        value = (value << 8) | std::to_integer<std::uint64_t>(b);
    }
    return value;
}

constexpr auto starts_with(std::span<const std::byte> bytes, std::span<const char> magic) -> bool {
    for (std::size_t i = 0; i < magic.size(); ++i) {
        if (bytes[i] != static_cast<std::byte>(magic[i])) {
            return false;
        }
    }
    return true;
}

}  // namespace detail

/// Decodes the fixed part of a file frame.
/// \return the lengths, or malformed_frame / file_too_large: then the frame's end is unknown or
///         not worth waiting for, and the connection ends.
constexpr auto parse_file_header(std::span<const std::byte, file_header_size> bytes,
                                 std::uint64_t max_file_bytes)
    -> std::expected<file_header, status> {
    if (!detail::starts_with(bytes, file_magic) ||
        std::to_integer<std::uint8_t>(bytes[4]) != protocol_version ||
        std::to_integer<std::uint8_t>(bytes[5]) != 0) {
        return std::unexpected(status::malformed_frame);
    }
    auto name_length = detail::read_big_endian(bytes.subspan(6, 2));
    auto file_length = detail::read_big_endian(bytes.subspan(8, 8));
    if (name_length == 0 || name_length > max_name_length) {
        return std::unexpected(status::malformed_frame);
    }
    if (file_length > max_file_bytes) {
        return std::unexpected(status::file_too_large);
    }
    return file_header{static_cast<std::uint16_t>(name_length), file_length};
}

/// Whether a name may become a file of the store: one flat component that cannot leave the
/// directory and cannot meet the server's own dot files.
constexpr auto is_valid_name(std::string_view name) -> bool {
    if (name.empty() || name.size() > max_name_length || name.front() == '.') {
        return false;
    }
    for (auto c : name) {
        auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '/') {
            return false;
        }
    }
    return name.find("..") == std::string_view::npos;
}

/// An encoded answer: `bytes()` is what goes over the wire.
class answer {
public:
    constexpr answer(status code, const digest& checksum) {
        auto text = name_of(code);
        for (auto c : answer_magic) {
            put(static_cast<std::byte>(c));
        }
        put(std::byte{protocol_version});
        put(static_cast<std::byte>(code));
        put(std::byte{0});
        put(static_cast<std::byte>(text.size()));
        for (auto b : checksum) {
            put(b);
        }
        for (auto c : text) {
            put(static_cast<std::byte>(c));
        }
    }

    constexpr explicit answer(status failure) : answer(failure, digest{}) {}

    constexpr auto bytes() const -> std::span<const std::byte> {
        return std::span(buffer_).first(size_);
    }

private:
    constexpr void put(std::byte b) { buffer_[size_++] = b; }

    std::array<std::byte, answer_header_size + 32> buffer_{};
    std::size_t size_ = 0;
};

}  // namespace ingest
