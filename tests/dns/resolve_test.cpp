// Names that are found: literals, the hosts file, servers, services and search lists.

#include <sys/resource.h>

#include "../core/has_feature.hpp"
#include "companions/dns/detail/server_channel.hpp"
#include "dns_steps.hpp"

namespace spargio::dns_test {
namespace {

TEST(Resolve, ALiteralAsksNobody) {
    with_server([](name_server& server) -> task<void> {
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.9", 80)), "127.0.0.9:80");
        EXPECT_EQ(text_of(co_await names.resolve("::1", 80)), "[::1]:80");
        EXPECT_EQ(text_of(co_await names.resolve("fe80::1%lo", 80)), "[fe80::1%1]:80");
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.9", "443")), "127.0.0.9:443");
        EXPECT_EQ((co_await names.resolve("127.0.0.9", 80, address_family::v6)).error(),
                  dns::errc::no_data);
        EXPECT_EQ((co_await names.resolve("::1", 80, address_family::v4)).error(),
                  dns::errc::no_data);
        EXPECT_EQ(server.asked("127.0.0.9"), 0u);
    });
}

TEST(Resolve, BothFamiliesAreAskedForAndVersion6StandsFirst) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "127.0.0.3", "fd00::1"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)),
                  "[fd00::1]:80 127.0.0.2:80 127.0.0.3:80");
        EXPECT_EQ(server.asked("a.test"), 2u);
        EXPECT_EQ(text_of(co_await names.resolve("A.Test.", 81)),
                  "[fd00::1]:81 127.0.0.2:81 127.0.0.3:81");
        EXPECT_EQ(names.queries(), 0u);
    });
}

TEST(Resolve, OneFamilyIsAskedForAlone) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80, address_family::v4)),
                  "127.0.0.2:80");
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80, address_family::v6)),
                  "[fd00::1]:80");
        EXPECT_EQ(server.asked("a.test"), 2u);
    });
}

TEST(Resolve, OneFamilysFailureDoesNotKeepTheOther) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].v6 = mood::fails;
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(Resolve, AServerMayHaveAnAddressOfVersion6) {
    if (!tcp_listener::bind(socket_address::loopback_v6(0)))
        GTEST_SKIP() << "this machine has no version 6";
    with_server([](name_server&) -> task<void> {
        name_server server(socket_address::loopback_v6(0));
        server["a.test"].addresses = {"127.0.0.2"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
        co_await server.stop();
    });
}

TEST(Resolve, AnAliasIsFollowed) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].aliases = {"b.test", "c.test"};
        server["a.test"].addresses = {"127.0.0.2"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(Resolve, NamesOfPortsComeFromTheServicesFile) {
    with_server([](name_server& server) -> task<void> {
        const scratch_file services("web 8080/tcp www # the\nclock\t37/udp\n");
        auto options = asking(server.address());
        options.services_file = services.path();
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.1", "web")), "127.0.0.1:8080");
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.1", "www")), "127.0.0.1:8080");
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.1", "clock")), "127.0.0.1:37");
        for (const char* none : {"http", "the", "", "65536", "-1", "80 "})
            EXPECT_EQ((co_await names.resolve("127.0.0.1", none)).error(),
                      dns::errc::unknown_service)
                << none;
    });
}

TEST(Resolve, TheHostsFileComesFirstAndIsReadAgainWhenItChanged) {
    with_server([](name_server& server) -> task<void> {
        server["b.test"].addresses = {"127.0.0.3"};
        const scratch_file hosts("127.0.0.2 a.test alias # b.test\n::1 a.test\n");
        auto options = asking(server.address());
        options.hosts_file = hosts.path();
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "[::1]:80 127.0.0.2:80");
        EXPECT_EQ(text_of(co_await names.resolve("ALIAS", 80)), "127.0.0.2:80");
        EXPECT_EQ(server.asked("a.test") + server.asked("alias"), 0u);
        EXPECT_EQ(text_of(co_await names.resolve("b.test", 80)), "127.0.0.3:80");
        hosts.write("127.0.0.5 b.test and more\n");
        EXPECT_EQ(text_of(co_await names.resolve("b.test", 80)), "127.0.0.5:80");
        EXPECT_EQ(server.asked("b.test"), 2u);
    });
}

TEST(Resolve, AHostsFileOverTheLimitIsSaid) {
    with_server([](name_server& server) -> task<void> {
        constexpr std::size_t limit = 8 << 20;
        std::string text = "127.0.0.9 a.test\n";
        text.resize(limit, '#');
        const scratch_file hosts(text);
        auto options = asking(server.address());
        options.hosts_file = hosts.path();
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.9:80");
        hosts.write(text + "#");
        EXPECT_EQ((co_await names.resolve("a.test", 80)).error(), std::errc::file_too_large);
        EXPECT_EQ(server.asked("a.test"), 0u);
    });
}

/// A socket that cannot be made is an error; with descriptors again it goes on.
TEST(Resolve, WithoutDescriptorsItSaysSoAndGoesOn) {
    if (SPARGIO_TEST_HAS_FEATURE(undefined_behavior_sanitizer))
        GTEST_SKIP() << "this sanitizer needs descriptors of its own";
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        auto names = opened(asking(server.address()));
        ::rlimit usual;
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
        const ::rlimit none{0, usual.rlim_max};
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
        const auto refused = co_await names.resolve("a.test", 80);
        EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
        EXPECT_FALSE(refused);
        EXPECT_EQ(names.queries(), 0u);
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(Resolve, WhereThereIsNoHostsFileServersAreAsked) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        for (const char* path : {"", "/no/such/file", "/", "/dev/null"}) {
            auto options = asking(server.address());
            options.hosts_file = path;
            auto names = opened(options);
            EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80") << path;
        }
    });
}

TEST(Resolve, LocalhostIsThisMachineWhateverServersSay) {
    with_server([](name_server& server) -> task<void> {
        server["localhost"].addresses = {"10.6.6.6"};
        auto names = opened(asking(server.address()));
        for (const char* local : {"localhost", "LocalHost.", "a.localhost"})
            EXPECT_EQ(text_of(co_await names.resolve(local, 80)), "[::1]:80 127.0.0.1:80");
        EXPECT_EQ(server.asked("localhost"), 0u);
    });
}

TEST(Resolve, NamesOfTorAreNotTold) {
    with_server([](name_server& server) -> task<void> {
        auto names = opened(asking(server.address()));
        EXPECT_EQ((co_await names.resolve("secret.onion", 80)).error(), dns::errc::not_found);
        EXPECT_EQ(server.asked("secret.onion"), 0u);
    });
}

TEST(Resolve, ShortNamesAreLookedForInTheSearchList) {
    with_server([](name_server& server) -> task<void> {
        server["www.b.test"].addresses = {"127.0.0.3"};
        server["www.b.test.a.test"].addresses = {"127.0.0.4"};
        auto options = asking(server.address());
        options.search = {"a.test", "b.test"};
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("www", 80)), "127.0.0.3:80");
        EXPECT_EQ(server.asked("www.a.test"), 2u);
        EXPECT_EQ(server.asked("www"), 0u);
        EXPECT_EQ(text_of(co_await names.resolve("www.b.test", 80)), "127.0.0.3:80");
        EXPECT_EQ((co_await names.resolve("www.", 80)).error(), dns::errc::not_found);
        EXPECT_EQ(server.asked("www"), 2u);
    });
}

TEST(Resolve, TheSearchListComesFromResolvConf) {
    with_server([](name_server& server) -> task<void> {
        server["www.a.test"].addresses = {"127.0.0.3"};
        auto options = asking(server.address());
        options.search.reset();
        const scratch_file conf("search a.test\noptions ndots:3\n");
        options.resolv_conf = conf.path();
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("www", 80)), "127.0.0.3:80");
        server["x.y.a.test"].addresses = {"127.0.0.4"};
        EXPECT_EQ(text_of(co_await names.resolve("x.y", 80)), "127.0.0.4:80");
        EXPECT_EQ(server.asked("x.y"), 0u);
    });
}

TEST(Resolve, ServersComeFromResolvConf) {
    const auto servers_in = [](const std::string& text) {
        const scratch_file conf(text);
        const auto settings = dns::detail::channel_settings::from({.resolv_conf = conf.path()});
        return text_of(value_or_throw(result<dns::detail::channel_settings>(settings)).servers);
    };
    EXPECT_EQ(servers_in("# none\n"), "127.0.0.1:53");
    EXPECT_EQ(servers_in("nameserver 10.0.0.1\nnonsense\nnameserver fd00::53\n"),
              "10.0.0.1:53 [fd00::53]:53");
    const auto missing = dns::detail::channel_settings::from({.resolv_conf = "/no/such/file"});
    EXPECT_EQ(missing->servers.size(), 1u);
}

TEST(Resolve, WhatCannotBeANameIsNotAskedFor) {
    with_server([](name_server& server) -> task<void> {
        auto names = opened(asking(server.address()));
        const std::string label(64, 'a');
        std::string longer = "a";
        while (longer.size() < 254)
            longer += ".a";
        const std::string wrong[] = {"",
                                     ".",
                                     "a..b",
                                     "a b",
                                     "127.0.0.256",
                                     "1.2.3",
                                     "\xc3\xa4",
                                     "a/b",
                                     label,
                                     longer,
                                     "a\\.b.test",
                                     "1.2.3.4.",
                                     std::string("a\0b", 3)};
        for (const std::string& name : wrong)
            EXPECT_EQ((co_await names.resolve(name, 80)).error(), dns::errc::invalid_name) << name;
        EXPECT_EQ(server.asked("a"), 0u);
    });
}

TEST(Resolve, OptionsThatMakeNoSenseAreRefused) {
    using std::chrono::milliseconds;
    const auto refused = [](auto change) {
        dns::resolver_options options = asking(socket_address::loopback_v4(53));
        change(options);
        const auto opened_so = dns::resolver::open(options);
        return !opened_so && opened_so.error() == errc::invalid_option;
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& o) { o.timeout = milliseconds(0); }));
    EXPECT_TRUE(refused([](auto& o) { o.tries = 0; }));
    EXPECT_TRUE(refused([](auto& o) { o.tries = 11; }));
    EXPECT_TRUE(refused([](auto& o) { o.most_queries = 0; }));
    EXPECT_TRUE(refused([](auto& o) { o.most_addresses = 0; }));
    EXPECT_TRUE(refused([](auto& o) { o.servers.resize(9, o.servers.front()); }));
    EXPECT_TRUE(refused([](auto& o) { o.servers.emplace_back(); }));
    EXPECT_TRUE(refused([](auto& o) { o.search = {"not a domain"}; }));
    EXPECT_TRUE(refused(
        [](auto& o) { o.servers = {value_or_throw(socket_address::parse("fe80::1%lo", 53))}; }));
    EXPECT_EQ(dns::resolver::open_system({.most_queries = 0}).error(), errc::invalid_option);
}

}  // namespace
}  // namespace spargio::dns_test
