#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "spargio/core/result.hpp"

namespace spargio {

/// Where a socket is: an internet address with its port, version 4 or 6, or a Unix socket's path or
/// abstract name.
class socket_address {
public:
    socket_address() noexcept;

    /// "127.0.0.1:80" or "[::1]:80", with an optional scope as in "[fe80::1%eth0]:80";
    /// "unix:/a/path" or, for an abstract name, "unix:@name". Never asks a name server. Errors:
    /// std::errc::invalid_argument; those of unix_path() and unix_abstract().
    [[nodiscard]] static result<socket_address> parse(std::string_view text);
    /// From an address without port, either version. Error: std::errc::invalid_argument.
    [[nodiscard]] static result<socket_address> parse(std::string_view host, std::uint16_t port);
    [[nodiscard]] static socket_address loopback_v4(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address any_v4(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address loopback_v6(std::uint16_t port) noexcept;
    [[nodiscard]] static socket_address any_v6(std::uint16_t port) noexcept;
    /// A Unix socket in the file system. Errors: std::errc::filename_too_long past
    /// most_unix_bytes; invalid_argument when it is empty or holds a zero byte.
    [[nodiscard]] static result<socket_address> unix_path(std::string_view path) noexcept;
    /// A Unix socket by a name that is in no file system and ends with its last socket; any bytes.
    /// Errors: std::errc::filename_too_long, invalid_argument when it is empty. Source: unix(7).
    [[nodiscard]] static result<socket_address> unix_abstract(std::string_view name) noexcept;
    static constexpr std::size_t most_unix_bytes = 107;

    /// Takes a kernel's address of `size` bytes over; empty when it is of another family.
    [[nodiscard]] static socket_address
    from_native(const ::sockaddr_storage& native,
                ::socklen_t size = sizeof(::sockaddr_storage)) noexcept;

    /// AF_INET, AF_INET6 or AF_UNIX; AF_UNSPEC when empty.
    [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
    /// 0 for a Unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept;
    /// A Unix socket's path; empty when it has none.
    [[nodiscard]] std::string_view path() const noexcept;
    /// A Unix socket's abstract name; empty when it has none.
    [[nodiscard]] std::string_view abstract_name() const noexcept;
    [[nodiscard]] const ::sockaddr* data() const noexcept {
        return reinterpret_cast<const ::sockaddr*>(&storage_);
    }
    [[nodiscard]] ::socklen_t size() const noexcept { return size_; }

    friend bool operator==(const socket_address& left, const socket_address& right) noexcept;

private:
    /// What stands in sun_path.
    [[nodiscard]] std::string_view unix_name() const noexcept;

    ::sockaddr_storage storage_;
    ::socklen_t size_;  // what of it is in use
};

/// What parse() reads; "unspecified" for an empty address, "unix:" for an unnamed Unix socket.
[[nodiscard]] std::string to_string(const socket_address& address);

}  // namespace spargio
