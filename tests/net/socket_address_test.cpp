#include "spargio/net/socket_address.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace spargio {
namespace {

using namespace std::string_view_literals;

TEST(SocketAddress, WhatParsesPrintsTheSame) {
    constexpr std::array texts = {
        "127.0.0.1:80",
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::1]:80",
        "[::]:0",
        "[2001:db8::1]:443",
        "[fe80::1%1]:8080",
        "[fe80::1%77]:1",
        "[::ffff:192.0.2.1]:9",
        "192.0.2.7:1",
        "[1:2:3:4:5:6:7:8]:65535",
    };
    for (const char* text : texts) {
        const auto address = socket_address::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
        EXPECT_EQ(socket_address::parse(to_string(*address)), *address);
    }
}

TEST(SocketAddress, PrintsTheShortestFormOfWhatIsWrittenLonger) {
    constexpr std::array<std::array<const char*, 2>, 4> pairs = {{
        {"[0:0:0:0:0:0:0:1]:80", "[::1]:80"},
        {"[2001:DB8:0::1]:80", "[2001:db8::1]:80"},
        {"127.0.0.1:0080", "127.0.0.1:80"},
        {"[fe80::1%lo]:80", "[fe80::1%1]:80"},
    }};
    ASSERT_EQ(::if_nametoindex("lo"), 1u);
    for (const auto& [written, printed] : pairs) {
        const auto address = socket_address::parse(written);
        ASSERT_TRUE(address) << written;
        EXPECT_EQ(to_string(*address), printed);
    }
}

TEST(SocketAddress, RefusesWhatIsNoAddressWithPort) {
    constexpr std::array texts = {
        ""sv,
        ":"sv,
        "80"sv,
        ":80"sv,
        "127.0.0.1"sv,
        "127.0.0.1:"sv,
        "127.0.0.1:x"sv,
        "127.0.0.1:80x"sv,
        "127.0.0.1: 80"sv,
        "127.0.0.1:+80"sv,
        "127.0.0.1:-1"sv,
        "127.0.0.1:65536"sv,
        "127.0.0.1:99999999999999999999"sv,
        "127.0.0.1:0x50"sv,
        "127.1:80"sv,
        "127.0.0.256:80"sv,
        "127.0.0.1.2:80"sv,
        " 127.0.0.1:80"sv,
        "127.0.0.1 :80"sv,
        "localhost:80"sv,
        "[127.0.0.1]:80"sv,
        "127.0.0.1%lo:80"sv,
        "::1:80"sv,
        "::1"sv,
        "[::1]"sv,
        "[::1]80"sv,
        "[::1]:"sv,
        "[::1:80"sv,
        "::1]:80"sv,
        "[]:80"sv,
        "[[::1]]:80"sv,
        "[::1]x:80"sv,
        "[:::1]:80"sv,
        "[1:2:3:4:5:6:7:8:9]:80"sv,
        "[12345::1]:80"sv,
        "[g::1]:80"sv,
        "[fe80::1%]:80"sv,
        "[fe80::1%0]:80"sv,
        "[fe80::1%no-such-link]:80"sv,
        "[fe80::1%4294967296]:80"sv,
        "[fe80::1%-1]:80"sv,
        "[%lo]:80"sv,
        "127.0.0.1\0:80"sv,
        "127.0.0.1\0.example:80"sv,
        "[::1\0]:80"sv,
        "[fe80::1%lo\0]:80"sv,
        "127.0.0.1:80\0"sv,
    };
    for (const std::string_view text : texts) {
        const auto address = socket_address::parse(text);
        EXPECT_FALSE(address) << text << " became " << to_string(*address);
        if (!address) {
            EXPECT_EQ(address.error(), std::errc::invalid_argument) << text;
        }
    }
}

TEST(SocketAddress, HostAndPortApart) {
    EXPECT_EQ(to_string(*socket_address::parse("::1", 80)), "[::1]:80");
    EXPECT_EQ(to_string(*socket_address::parse("192.0.2.1", 65535)), "192.0.2.1:65535");
    for (const auto host : {""sv, "[::1]"sv, "::1]"sv, "127.0.0.1:80"sv, "localhost"sv, "%1"sv,
                            "127.0.0.1\0"sv, "::1\0"sv})
        EXPECT_FALSE(socket_address::parse(host, 80)) << host;
    EXPECT_FALSE(socket_address::parse(std::string(100'000, '1'), 80));
}

TEST(SocketAddress, WellKnownOnes) {
    EXPECT_EQ(to_string(socket_address::loopback_v4(7)), "127.0.0.1:7");
    EXPECT_EQ(to_string(socket_address::any_v4(7)), "0.0.0.0:7");
    EXPECT_EQ(to_string(socket_address::loopback_v6(7)), "[::1]:7");
    EXPECT_EQ(to_string(socket_address::any_v6(7)), "[::]:7");
    EXPECT_EQ(socket_address::loopback_v4(7).port(), 7);
    EXPECT_EQ(socket_address::loopback_v6(65535).port(), 65535);
    EXPECT_EQ(socket_address::loopback_v4(7).size(), sizeof(::sockaddr_in));
    EXPECT_EQ(socket_address::loopback_v6(7).size(), sizeof(::sockaddr_in6));
}

TEST(SocketAddress, EqualityLooksAtAddressPortScopeAndFamily) {
    const auto parse = [](const char* text) { return *socket_address::parse(text); };
    EXPECT_EQ(parse("127.0.0.1:80"), socket_address::loopback_v4(80));
    EXPECT_NE(parse("127.0.0.1:80"), parse("127.0.0.1:81"));
    EXPECT_NE(parse("127.0.0.1:80"), parse("127.0.0.2:80"));
    EXPECT_NE(parse("[::1]:80"), parse("[::2]:80"));
    EXPECT_NE(parse("[fe80::1%1]:80"), parse("[fe80::1%2]:80"));
    EXPECT_NE(parse("[fe80::1]:80"), parse("[fe80::1%2]:80"));
    EXPECT_NE(socket_address::any_v4(0), socket_address::any_v6(0));
    EXPECT_NE(socket_address(), socket_address::any_v4(0));
    EXPECT_EQ(socket_address(), socket_address());
}

TEST(SocketAddress, TakesOverWhatTheKernelGives) {
    ::sockaddr_storage native{};
    std::memcpy(&native, socket_address::loopback_v6(9).data(), sizeof(::sockaddr_in6));
    EXPECT_EQ(to_string(socket_address::from_native(native)), "[::1]:9");
    native = {};
    native.ss_family = AF_NETLINK;
    const socket_address other = socket_address::from_native(native);
    EXPECT_EQ(other.family(), AF_UNSPEC);
    EXPECT_EQ(other.port(), 0);
    EXPECT_EQ(to_string(other), "unspecified");
}

TEST(UnixAddress, WhatParsesPrintsTheSame) {
    const std::string longest = "unix:/" + std::string(socket_address::most_unix_bytes - 1, 'x');
    const std::array texts = {"unix:/run/a"sv, "unix:relative"sv, "unix:./@odd"sv,
                              "unix:@name"sv,  "unix:@a\0b"sv,    "unix:/a:80"sv,
                              "unix:/a b"sv,   "unix:@@"sv,       std::string_view(longest)};
    for (const std::string_view text : texts) {
        const auto address = socket_address::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->family(), AF_UNIX);
        EXPECT_EQ(address->port(), 0);
        EXPECT_EQ(to_string(*address), text);
        EXPECT_EQ(socket_address::parse(to_string(*address)), *address);
    }
}

TEST(UnixAddress, PathAndAbstractNameAreDifferentPlaces) {
    const auto path = *socket_address::unix_path("name");
    const auto name = *socket_address::unix_abstract("name");
    EXPECT_EQ(path.path(), "name");
    EXPECT_EQ(path.abstract_name(), "");
    EXPECT_EQ(name.path(), "");
    EXPECT_EQ(name.abstract_name(), "name");
    EXPECT_NE(path, name);
    EXPECT_NE(path, socket_address());
    EXPECT_NE(name, *socket_address::unix_abstract("name\0"sv));
    EXPECT_EQ(socket_address::loopback_v4(1).path(), "");
}

TEST(UnixAddress, APathIsNotPrintedAsAnAbstractName) {
    const auto path = value_or_throw(socket_address::unix_path("@a"));
    const auto printed = value_or_throw(socket_address::parse(to_string(path)));
    EXPECT_EQ(printed.path(), "./@a");
    EXPECT_EQ(printed.abstract_name(), "");
}

TEST(UnixAddress, RefusesWhatNoSocketCanHave) {
    const std::string too_long(socket_address::most_unix_bytes + 1, 'x');
    EXPECT_EQ(socket_address::unix_path("").error(), std::errc::invalid_argument);
    EXPECT_EQ(socket_address::unix_path("a\0b"sv).error(), std::errc::invalid_argument);
    EXPECT_EQ(socket_address::unix_path(too_long).error(), std::errc::filename_too_long);
    EXPECT_EQ(socket_address::unix_abstract("").error(), std::errc::invalid_argument);
    EXPECT_EQ(socket_address::unix_abstract(too_long).error(), std::errc::filename_too_long);
    for (const auto text : {"unix:"sv, "unix:@"sv, "unix"sv, "UNIX:/a"sv})
        EXPECT_EQ(socket_address::parse(text).error(), std::errc::invalid_argument) << text;
}

TEST(UnixAddress, AnUnnamedSocketAndACountedZeroByte) {
    ::sockaddr_storage native{};
    native.ss_family = AF_UNIX;
    const auto unnamed = socket_address::from_native(native, sizeof(::sa_family_t));
    EXPECT_EQ(to_string(unnamed), "unix:");
    const auto path = *socket_address::unix_path("/a");
    std::memcpy(&native, path.data(), path.size());
    EXPECT_EQ(socket_address::from_native(native, path.size() + 1), path);
    EXPECT_EQ(socket_address::from_native(native), path);
}

}  // namespace
}  // namespace spargio
