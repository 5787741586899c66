// Servers that lie, fail, are slow or say nothing: each ends in an error that names it.

#include "dns_steps.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio::dns_test {
namespace {

/// What resolving a name ends in, about which the server is in this mood.
std::string answer_in(mood all, bool patient) {
    std::string text;
    with_server([&](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].set_mood(all);
        auto names = opened(patient ? asking(server.address()) : impatient(server.address()));
        const auto found = co_await names.resolve("a.test", 80);
        EXPECT_EQ(names.queries(), 0u);
        text = found ? text_of(found) : std::string(found.error().message());
    });
    return text;
}

std::string message_of(dns::errc code) {
    return make_error_code(code).message();
}

TEST(LyingServer, AFailureIsAFailure) {
    EXPECT_EQ(answer_in(mood::fails, true), message_of(dns::errc::server_failure));
}

TEST(LyingServer, ARefusalIsARefusal) {
    EXPECT_EQ(answer_in(mood::refuses, true), message_of(dns::errc::refused));
}

TEST(LyingServer, WhatItHasNotIsNotUnderstood) {
    EXPECT_EQ(answer_in(mood::has_not_this, true), message_of(dns::errc::not_understood));
}

TEST(LyingServer, AnAnswerCutInTheMiddleIsMalformed) {
    EXPECT_EQ(answer_in(mood::cuts_its_answer, true), message_of(dns::errc::malformed_answer));
}

TEST(LyingServer, NamesThatStandForEachOtherHaveNoAddress) {
    EXPECT_EQ(answer_in(mood::points_in_circles, true), message_of(dns::errc::no_data));
}

TEST(LyingServer, OneThatIsSilentTimesOut) {
    EXPECT_EQ(answer_in(mood::is_silent, false), message_of(dns::errc::timed_out));
    EXPECT_EQ(make_error_code(dns::errc::timed_out), std::errc::timed_out);
}

TEST(LyingServer, FalseAddressesAreNotBelieved) {
    EXPECT_EQ(answer_in(mood::takes_wrong_ids, false), message_of(dns::errc::timed_out));
    EXPECT_EQ(answer_in(mood::answers_another, false), message_of(dns::errc::timed_out));
    EXPECT_EQ(answer_in(mood::speaks_nonsense, false), message_of(dns::errc::timed_out));
}

TEST(LyingServer, ATruncatedAnswerIsAskedForOverTcp) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        server["a.test"].set_mood(mood::truncates);
        auto names = opened(asking(server.address()));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "[fd00::1]:80 127.0.0.2:80");
        EXPECT_EQ(server.asked_over_tcp(), 2u);
    });
}

TEST(LyingServer, OneThatHangsUpEndsInAnError) {
    const auto text = answer_in(mood::hangs_up, true);
    EXPECT_EQ(text, message_of(dns::errc::no_server));
}

TEST(LyingServer, OneThatIsSilentOverTcpTimesOut) {
    const std::size_t before = open_descriptors();
    EXPECT_EQ(answer_in(mood::goes_silent, false), message_of(dns::errc::timed_out));
    EXPECT_EQ(open_descriptors(), before);
}

TEST(LyingServer, OneThatIsSilentAboutVersion6KeepsNobodyFromVersion4) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2", "fd00::1"};
        server["a.test"].v6 = mood::is_silent;
        auto names = opened(impatient(server.address(), 5));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

/// It comes to a port that is closed by then, and is neither believed nor taken for another's.
TEST(LyingServer, AnAnswerAfterTheTimeOutIsNobodys) {
    with_server([](name_server& server) -> task<void> {
        event late;
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].v4_hold = server["a.test"].v6_hold = &late;
        server["b.test"].addresses = {"127.0.0.3"};
        const std::size_t before = open_descriptors();
        auto names = opened(impatient(server.address()));
        const auto found = co_await names.resolve("a.test", 80);
        EXPECT_FALSE(found);
        EXPECT_EQ(open_descriptors(), before);
        auto patient = opened(asking(server.address()));
        late.set();
        EXPECT_EQ(text_of(co_await patient.resolve("b.test", 80)), "127.0.0.3:80");
        EXPECT_EQ(text_of(co_await patient.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(LyingServer, OfTooManyAddressesSomeAreKept) {
    with_server([](name_server& server) -> task<void> {
        for (int i = 0; i < 200; ++i) {
            server["a.test"].addresses.push_back("127.0.1." + std::to_string(i));
            server["a.test"].addresses.push_back("fd00::" + std::to_string(i));
        }
        auto options = asking(server.address());
        options.most_addresses = 7;
        auto names = opened(options);
        EXPECT_EQ(value_or_throw(co_await names.resolve("a.test", 80)).size(), 14u);
        EXPECT_EQ(server.asked_over_tcp(), 2u) << "so long an answer does not come over UDP";
    });
}

TEST(LyingServer, ANameThatIsNotThereAndOneWithoutAddresses) {
    with_server([](name_server& server) -> task<void> {
        server["empty.test"].addresses = {};
        server["old.test"].addresses = {"127.0.0.2"};
        auto names = opened(asking(server.address()));
        EXPECT_EQ((co_await names.resolve("none.test", 80)).error(), dns::errc::not_found);
        EXPECT_EQ((co_await names.resolve("empty.test", 80)).error(), dns::errc::no_data);
        EXPECT_EQ((co_await names.resolve("old.test", 80, address_family::v6)).error(),
                  dns::errc::no_data);
    });
}

TEST(LyingServer, ALostQuestionIsAskedAgain) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        server["a.test"].silent_times = 2;
        auto names = opened(impatient(server.address(), 10));
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
        EXPECT_GE(server.asked("a.test"), 4u);
    });
}

TEST(LyingServer, TheNextServerIsAskedWhenOneFails) {
    for (const mood first :
         {mood::fails, mood::refuses, mood::has_not_this, mood::cuts_its_answer}) {
        with_server([first](name_server& server) -> task<void> {
            name_server second;
            server["a.test"].set_mood(first);
            second["a.test"].addresses = {"127.0.0.2"};
            auto options = asking(server.address());
            options.servers.push_back(second.address());
            auto names = opened(options);
            EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
            EXPECT_EQ(server.asked("a.test"), 2u);
            EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
            EXPECT_EQ(server.asked("a.test"), 4u) << "the order of the servers is back";
            co_await second.stop();
        });
    }
}

TEST(LyingServer, TheNextServerIsAskedWhenOneIsSilentOrNotThere) {
    with_server([](name_server& server) -> task<void> {
        server["a.test"].addresses = {"127.0.0.2"};
        name_server silent;
        silent["a.test"].set_mood(mood::is_silent);
        auto options = impatient(silent.address(), 10);
        options.servers.push_back(server.address());
        auto names = opened(options);
        EXPECT_EQ(text_of(co_await names.resolve("a.test", 80)), "127.0.0.2:80");
        co_await silent.stop();
        // Nobody listens at the port of a server that was.
        options.servers.front() = socket_address::loopback_v4(1);
        auto others = opened(options);
        EXPECT_EQ(text_of(co_await others.resolve("a.test", 80)), "127.0.0.2:80");
    });
}

TEST(LyingServer, WithoutAnyServerThereItSaysSo) {
    with_server([](name_server&) -> task<void> {
        auto names = opened(asking(socket_address::loopback_v4(1)));
        EXPECT_EQ((co_await names.resolve("a.test", 80)).error(), dns::errc::no_server);
    });
}

}  // namespace
}  // namespace spargio::dns_test
