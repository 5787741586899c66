// The name server of these tests is one for others too: what dig makes of its answers.

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>

#include "dns_steps.hpp"
#include "spargio/runtime/spawn_blocking.hpp"

namespace spargio::dns_test {
namespace {

bool dig_is_there() {
    return std::system("command -v dig >/dev/null") == 0;
}

/// What `dig` prints about `question`.
task<std::string> dig(name_server& server, std::string question) {
    const std::string command = "dig +tries=1 +time=20 +noedns @127.0.0.1 -p " +
                                std::to_string(server.address().port()) + " " + question;
    co_return value_or_throw(co_await spawn_blocking([&] {
        std::string text;
        std::FILE* const output = ::popen(command.c_str(), "r");
        char buffer[512];
        while (const auto count = std::fread(buffer, 1, sizeof buffer, output))
            text.append(buffer, count);
        EXPECT_EQ(::pclose(output), 0) << command << "\n" << text;
        return text;
    }));
}

TEST(Dig, UnderstandsTheTestsNameServer) {
    if (!dig_is_there())
        GTEST_SKIP() << "dig is not installed (bind9-dnsutils)";
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        server["alias.test"].aliases = {"a.test"};
        server["alias.test"].addresses = {"127.0.0.2"};
        server["failing.test"].set_mood(mood::fails);
        EXPECT_EQ(co_await dig(server, "+short a.test A"), "127.0.0.2\n");
        EXPECT_EQ(co_await dig(server, "+short a.test AAAA"), "fd00::1\n");
        EXPECT_EQ(co_await dig(server, "+short alias.test A"), "a.test.\n127.0.0.2\n");
        EXPECT_THAT(co_await dig(server, "none.test A"), ::testing::HasSubstr("NXDOMAIN"));
        EXPECT_THAT(co_await dig(server, "failing.test A"), ::testing::HasSubstr("SERVFAIL"));
        EXPECT_THAT(co_await dig(server, "alias.test AAAA"), ::testing::HasSubstr("NOERROR"));
    });
}

TEST(Dig, TakesALongAnswerOverTcp) {
    if (!dig_is_there())
        GTEST_SKIP() << "dig is not installed (bind9-dnsutils)";
    with_server([](name_server& server) -> task<void> {
        for (int i = 0; i < 100; ++i)
            server["a.test"].addresses.push_back("127.0.1." + std::to_string(i));
        const std::string all = co_await dig(server, "+short a.test A");
        EXPECT_EQ(std::ranges::count(all, '\n'), 100);
        EXPECT_EQ(server.asked_over_tcp(), 1u);
    });
}

}  // namespace
}  // namespace spargio::dns_test
