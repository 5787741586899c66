#include "spargio/net/socket_address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace spargio {
namespace {

::sockaddr_in& as_v4(::sockaddr_storage& storage) noexcept {
    return reinterpret_cast<::sockaddr_in&>(storage);
}
const ::sockaddr_in& as_v4(const ::sockaddr_storage& storage) noexcept {
    return reinterpret_cast<const ::sockaddr_in&>(storage);
}
::sockaddr_in6& as_v6(::sockaddr_storage& storage) noexcept {
    return reinterpret_cast<::sockaddr_in6&>(storage);
}
const ::sockaddr_in6& as_v6(const ::sockaddr_storage& storage) noexcept {
    return reinterpret_cast<const ::sockaddr_in6&>(storage);
}

socket_address make_v4(::in_addr address, std::uint16_t port) noexcept {
    ::sockaddr_storage storage{};
    storage.ss_family = AF_INET;
    as_v4(storage).sin_addr = address;
    as_v4(storage).sin_port = htons(port);
    return socket_address::from_native(storage);
}

socket_address make_v6(const ::in6_addr& address, std::uint32_t scope,
                       std::uint16_t port) noexcept {
    ::sockaddr_storage storage{};
    storage.ss_family = AF_INET6;
    as_v6(storage).sin6_addr = address;
    as_v6(storage).sin6_scope_id = scope;
    as_v6(storage).sin6_port = htons(port);
    return socket_address::from_native(storage);
}

constexpr std::string_view unix_scheme = "unix:";
constexpr std::size_t unix_name_at = offsetof(::sockaddr_un, sun_path);
static_assert(socket_address::most_unix_bytes == sizeof(::sockaddr_un::sun_path) - 1);

/// `bytes` of sun_path; they fit.
socket_address make_unix(std::string_view bytes) noexcept {
    ::sockaddr_storage storage{};
    storage.ss_family = AF_UNIX;
    std::ranges::copy(bytes, reinterpret_cast<char*>(&storage) + unix_name_at);
    return socket_address::from_native(storage,
                                       static_cast<::socklen_t>(unix_name_at + bytes.size()));
}

template <class Number>
bool parse_number(std::string_view text, Number& number) noexcept {
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && at == end && !text.empty();
}

/// An interface's name or number.
bool parse_scope(const std::string& text, std::uint32_t& scope) noexcept {
    if (parse_number(text, scope))
        return scope != 0;
    scope = ::if_nametoindex(text.c_str());
    return scope != 0;
}

}  // namespace

socket_address::socket_address() noexcept : storage_{}, size_(sizeof(::sockaddr_storage)) {}

result<socket_address> socket_address::parse(std::string_view text) {
    if (text.starts_with(unix_scheme)) {
        text.remove_prefix(unix_scheme.size());
        return text.starts_with('@') ? unix_abstract(text.substr(1)) : unix_path(text);
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return failure(EINVAL);
    std::uint16_t port = 0;
    if (!parse_number(text.substr(colon + 1), port))
        return failure(EINVAL);
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    // Without brackets a version 6 address would be ambiguous, with them a version 4 one is wrong.
    if (bracketed != (host.find(':') != std::string_view::npos))
        return failure(EINVAL);
    return parse(host, port);
}

result<socket_address> socket_address::parse(std::string_view host, std::uint16_t port) {
    // The calls below take C strings and would not see what stands behind a zero byte.
    if (host.find('\0') != std::string_view::npos)
        return failure(EINVAL);
    const std::size_t percent = host.find('%');
    const std::string name(host.substr(0, percent));
    ::in_addr v4{};
    if (percent == std::string_view::npos && ::inet_pton(AF_INET, name.c_str(), &v4) == 1)
        return make_v4(v4, port);
    ::in6_addr v6{};
    std::uint32_t scope = 0;
    if (::inet_pton(AF_INET6, name.c_str(), &v6) != 1)
        return failure(EINVAL);
    if (percent != std::string_view::npos &&
        !parse_scope(std::string(host.substr(percent + 1)), scope))
        return failure(EINVAL);
    return make_v6(v6, scope, port);
}

socket_address socket_address::loopback_v4(std::uint16_t port) noexcept {
    return make_v4({htonl(INADDR_LOOPBACK)}, port);
}
socket_address socket_address::any_v4(std::uint16_t port) noexcept {
    return make_v4({htonl(INADDR_ANY)}, port);
}
socket_address socket_address::loopback_v6(std::uint16_t port) noexcept {
    return make_v6(in6addr_loopback, 0, port);
}
socket_address socket_address::any_v6(std::uint16_t port) noexcept {
    return make_v6(in6addr_any, 0, port);
}

result<socket_address> socket_address::unix_path(std::string_view path) noexcept {
    if (path.empty() || path.find('\0') != std::string_view::npos)
        return failure(EINVAL);
    if (path.size() > most_unix_bytes)
        return failure(ENAMETOOLONG);
    return make_unix(path);
}

result<socket_address> socket_address::unix_abstract(std::string_view name) noexcept {
    if (name.empty())
        return failure(EINVAL);
    if (name.size() > most_unix_bytes)
        return failure(ENAMETOOLONG);
    std::array<char, most_unix_bytes + 1> bytes{};
    std::ranges::copy(name, bytes.begin() + 1);
    return make_unix({bytes.data(), name.size() + 1});
}

socket_address socket_address::from_native(const ::sockaddr_storage& native,
                                           ::socklen_t size) noexcept {
    socket_address address;
    switch (native.ss_family) {
    case AF_INET:
        address.size_ = sizeof(::sockaddr_in);
        break;
    case AF_INET6:
        address.size_ = sizeof(::sockaddr_in6);
        break;
    case AF_UNIX:
        address.size_ = std::min(size, static_cast<::socklen_t>(sizeof(::sockaddr_un)));
        break;
    default:
        return address;
    }
    address.storage_ = native;
    return address;
}

std::uint16_t socket_address::port() const noexcept {
    if (family() == AF_INET)
        return ntohs(as_v4(storage_).sin_port);
    return family() == AF_INET6 ? ntohs(as_v6(storage_).sin6_port) : std::uint16_t{0};
}

std::string_view socket_address::path() const noexcept {
    const std::string_view name = unix_name();
    // The kernel may count the zero byte that ends a path.
    return name.starts_with('\0') ? std::string_view() : name.substr(0, name.find('\0'));
}

std::string_view socket_address::abstract_name() const noexcept {
    const std::string_view name = unix_name();
    return name.starts_with('\0') ? name.substr(1) : std::string_view();
}

std::string_view socket_address::unix_name() const noexcept {
    if (family() != AF_UNIX || size_ <= unix_name_at)
        return {};
    return {reinterpret_cast<const char*>(&storage_) + unix_name_at, size_ - unix_name_at};
}

bool operator==(const socket_address& left, const socket_address& right) noexcept {
    if (left.family() != right.family() || left.port() != right.port())
        return false;
    if (left.family() == AF_UNIX)
        return left.path() == right.path() && left.abstract_name() == right.abstract_name();
    if (left.family() == AF_INET)
        return as_v4(left.storage_).sin_addr.s_addr == as_v4(right.storage_).sin_addr.s_addr;
    const ::sockaddr_in6& a = as_v6(left.storage_);
    const ::sockaddr_in6& b = as_v6(right.storage_);
    return left.family() == AF_UNSPEC ||
           (std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof a.sin6_addr) == 0 &&
            a.sin6_scope_id == b.sin6_scope_id);
}

std::string to_string(const socket_address& address) {
    if (address.family() == AF_UNIX) {
        const bool abstract = !address.abstract_name().empty();
        // "@name" would be read as an abstract name.
        const bool ambiguous = address.path().starts_with('@');
        return std::string(unix_scheme) +
               (abstract    ? "@"
                : ambiguous ? "./"
                            : "") +
               std::string(abstract ? address.abstract_name() : address.path());
    }
    std::array<char, INET6_ADDRSTRLEN> host{};
    const std::string port = std::to_string(address.port());
    if (address.family() == AF_INET) {
        const auto& native = *reinterpret_cast<const ::sockaddr_in*>(address.data());
        ::inet_ntop(AF_INET, &native.sin_addr, host.data(), host.size());
        return std::string(host.data()) + ":" + port;
    }
    if (address.family() != AF_INET6)
        return "unspecified";
    const auto& native = *reinterpret_cast<const ::sockaddr_in6*>(address.data());
    ::inet_ntop(AF_INET6, &native.sin6_addr, host.data(), host.size());
    const std::string scope =
        native.sin6_scope_id == 0 ? "" : "%" + std::to_string(native.sin6_scope_id);
    return "[" + std::string(host.data()) + scope + "]:" + port;
}

}  // namespace spargio
