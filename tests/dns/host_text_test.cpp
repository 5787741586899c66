// What is a host's name, and what the lines of hosts and services files say.

#include "companions/dns/detail/host_lines.hpp"
#include "companions/dns/detail/host_name.hpp"
#include "dns_steps.hpp"

namespace spargio::dns_test {
namespace {

using namespace dns::detail;
using lines = std::vector<std::string>;

TEST(HostName, LabelsHaveTheirLengthsAndLetters) {
    const std::string label(63, 'a');
    const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
    ASSERT_EQ(longest.size(), 253u);
    for (const std::string& name : {std::string("a"), std::string("a."), std::string("_x.a-b.C3"),
                                    std::string("3com.test"), label, longest, longest + '.'})
        EXPECT_TRUE(is_host_name(name)) << name;
    for (const std::string& name :
         {std::string(), std::string("."), std::string(".a"), std::string("a.."),
          std::string("a b"), std::string("10"), std::string("0x7f.1"), label + 'a', longest + 'b'})
        EXPECT_FALSE(is_host_name(name)) << name;
}

TEST(HostName, TheSearchListIsTriedBeforeOrAfterTheNameItself) {
    const lines search{"a.test", "b.test.", "."};
    EXPECT_EQ(candidates("x", 1, search), (lines{"x.a.test.", "x.b.test.", "x."}));
    EXPECT_EQ(candidates("x.y", 1, search), (lines{"x.y.", "x.y.a.test.", "x.y.b.test."}));
    EXPECT_EQ(candidates("x.y", 2, search), (lines{"x.y.a.test.", "x.y.b.test.", "x.y."}));
    EXPECT_EQ(candidates("x.", 1, search), lines{"x."});
    EXPECT_EQ(candidates("x", 1, {}), lines{"x."});
}

TEST(HostName, ADomainIsWithinItself) {
    EXPECT_TRUE(is_within("localhost", "localhost"));
    EXPECT_TRUE(is_within("a.LOCALHOST.", "localhost"));
    EXPECT_FALSE(is_within("notlocalhost", "localhost"));
    EXPECT_FALSE(is_within("localhost.test", "localhost"));
}

TEST(HostLines, AnyBlanksAndEndsOfLinesWillDo) {
    const std::string text = "# 10.0.0.9 a.test\n"
                             "\t10.0.0.1\ta.test\tb.test \r\n"
                             "nonsense a.test\n"
                             "10.0.0.2\n"
                             "\n"
                             "fe80::1%lo a.test#10.0.0.8\n"
                             "10.0.0.3 c.test a.test a.test";
    const auto found = [&](const char* host, int family, std::size_t most = 9) {
        return text_of(addresses_in_hosts(text, host, family, 80, most));
    };
    EXPECT_EQ(found("a.test", AF_INET), "10.0.0.1:80 10.0.0.3:80");
    EXPECT_EQ(found("a.test", AF_INET6), "[fe80::1%1]:80");
    EXPECT_EQ(found("a.test", AF_INET, 1), "10.0.0.1:80");
    EXPECT_EQ(found("B.TEST.", AF_INET), "10.0.0.1:80");
    EXPECT_EQ(found("10.0.0.1", AF_INET), "");
    EXPECT_EQ(text_of(addresses_in_hosts("", "a.test", AF_INET, 80, 9)), "");
}

TEST(HostLines, AServiceOfTcpGoesBeforeOneOfUdp) {
    constexpr std::string_view text = "web 80/udp\nweb 8080/tcp\nodd 70000/tcp\nodder x/tcp\n"
                                      "other 5/sctp\nplain 7";
    EXPECT_EQ(port_in_services(text, "web"), 8080);
    for (const char* none : {"odd", "odder", "other", "plain", "80/udp", ""})
        EXPECT_EQ(port_in_services(text, none), std::nullopt) << none;
}

}  // namespace
}  // namespace spargio::dns_test
