// In which order the addresses of a name stand.

#include "companions/dns/detail/address_order.hpp"

#include "dns_steps.hpp"

namespace spargio::dns_test {
namespace {

using dns::detail::preference_of;

struct way {
    const char* to;
    const char* from;  // null: there is none
};

std::optional<socket_address> address_of(const char* host) {
    if (host == nullptr)
        return std::nullopt;
    return value_or_throw(socket_address::parse(host, 80));
}

/// As it is written in a way.
std::string host_of(const socket_address& address) {
    std::string text = to_string(address);
    text.resize(text.rfind(':'));
    return text.front() == '[' ? text.substr(1, text.size() - 2) : text;
}

/// "2001:db8::1 10.0.0.1": where `ways` lead, in their order.
std::string order_of(const std::vector<way>& ways) {
    std::vector<dns::detail::ranked_address> all;
    for (const way& each : ways) {
        const socket_address to = *address_of(each.to);
        all.push_back({.address = to, .rank = preference_of(to, address_of(each.from))});
    }
    put_in_order(all);
    std::string text;
    for (const auto& each : all)
        text += (text.empty() ? "" : " ") + host_of(each.address);
    return text;
}

// Source: RFC 6724 10.2; each is tried the other way round too.
TEST(AddressOrder, IsThatOfTheExamples) {
    const std::pair<way, way> examples[] = {
        {{"2001:db8:1::1", "2001:db8:1::2"}, {"198.51.100.121", "169.254.13.78"}},
        {{"198.51.100.121", "198.51.100.117"}, {"2001:db8:1::1", "fe80::1"}},
        {{"2001:db8:1::1", "2001:db8:1::2"}, {"10.1.2.3", "10.1.2.4"}},
        {{"fe80::1", "fe80::2"}, {"2001:db8:1::1", "2001:db8:1::2"}},
        {{"2001:db8:1::1", "2001:db8:1::2"}, {"2001:db8:3ffe::1", "2001:db8:3f44::2"}},
        {{"2002:c633:6401::1", "2002:c633:6401::2"}, {"2001:db8:1::1", "2002:c633:6401::2"}},
        {{"2001:db8:1::1", "2001:db8:1::2"}, {"2002:c633:6401::1", "2002:c633:6401::2"}},
        // Of the other parts of the table.
        {{"::1", "::1"}, {"127.0.0.1", "127.0.0.1"}},
        {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}},
        {{"10.0.0.1", "10.0.0.2"}, {"2001:0:1::1", "2001:0:1::2"}},
        {{"10.0.0.1", "10.0.0.2"}, {"fec0::1", "fec0::2"}},
        {{"10.0.0.1", "10.0.0.2"}, {"3ffe::1", "3ffe::2"}},
        {{"10.0.0.1", "10.0.0.2"}, {"::5", "::6"}},
        {{"2001:db8::1", "2001:db8::2"}, {"2001:db8::3", nullptr}},
    };
    for (const auto& [first, second] : examples) {
        const std::string expected = std::string(first.to) + " " + second.to;
        EXPECT_EQ(order_of({first, second}), expected);
        EXPECT_EQ(order_of({second, first}), expected);
    }
}

TEST(AddressOrder, WhatNothingTellsApartStaysAsItWasGiven) {
    const std::vector<way> alike[] = {
        {{"10.0.0.9", "10.0.0.1"}, {"10.9.0.1", "10.0.0.1"}, {"192.0.2.1", "10.0.0.1"}},
        // In one network, behind whose prefix any number may stand.
        {{"2001:db8::ff", "2001:db8::1"}, {"2001:db8::2", "2001:db8::1"}},
        {{"10.0.0.2", nullptr}, {"10.0.0.1", nullptr}},
    };
    for (const auto& ways : alike) {
        std::string expected, reversed;
        for (const way& each : ways) {
            expected += (expected.empty() ? "" : " ") + std::string(each.to);
            reversed = each.to + (reversed.empty() ? "" : " " + reversed);
        }
        EXPECT_EQ(order_of(ways), expected);
        EXPECT_EQ(order_of({ways.rbegin(), ways.rend()}), reversed);
    }
}

TEST(AddressOrder, SourcesComeFromTheKernelAndNothingStaysOpen) {
    const std::size_t before = open_descriptors();
    const auto source = dns::detail::source_towards(socket_address::loopback_v4(0));
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ(to_string(*source).substr(0, 10), "127.0.0.1:");
    EXPECT_FALSE(dns::detail::source_towards(*address_of("255.255.255.255")).has_value());
    EXPECT_EQ(open_descriptors(), before);
}

/// To the first no socket may send, whatever the routes of this machine.
constexpr const char* no_way_to = "255.255.255.255";

TEST(AddressOrder, NamesYieldLastWhatThereIsNoWayTo) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {no_way_to, "127.0.0.2", "127.0.0.1"};
        const scratch_file hosts("255.255.255.255 b.test\n127.0.0.2 b.test\n");
        auto options = asking(server.address());
        options.hosts_file = hosts.path();
        auto as_given = opened(options);
        options.sort_addresses = true;
        auto sorted = opened(options);
        EXPECT_EQ(text_of(co_await as_given.resolve("a.test", 80)),
                  "255.255.255.255:80 127.0.0.2:80 127.0.0.1:80");
        EXPECT_EQ(text_of(co_await sorted.resolve("a.test", 80)),
                  "127.0.0.2:80 127.0.0.1:80 255.255.255.255:80");
        EXPECT_EQ(text_of(co_await sorted.resolve("b.test", 80)),
                  "127.0.0.2:80 255.255.255.255:80");
        EXPECT_EQ(text_of(co_await sorted.resolve(no_way_to, 80)), "255.255.255.255:80");
    });
}

TEST(AddressOrder, Version4StandsFirstWhereThereIsNoWayToVersion6) {
    with_server([](name_server& server) -> task<void> {
        // Without a scope there is no way to it, whether or not this machine has version 6.
        server["a.test"].addresses = {"fe80::1", "127.0.0.2"};
        auto options = asking(server.address());
        options.sort_addresses = true;
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80 [fe80::1]:80");
    });
}

}  // namespace
}  // namespace spargio::dns_test
