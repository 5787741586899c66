// Which address is tried when, on a clock that jumps; the attempts themselves are made up.

#include <map>

#include "companions/dns/detail/connect_race.hpp"
#include "dns_steps.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::dns_test {
namespace {

using dns::detail::answer_sink;
using dns::detail::connect_race;
using dns::detail::question;
using std::chrono::milliseconds;

/// How attempts at one address go.
struct fate {
    milliseconds takes{0};
    int error = 0;  // 0: it succeeds
};

/// What happened: "127.0.0.1 at 250", and which sockets are open.
struct {
    clock::time_point begin;
    std::map<std::string, fate> fates;
    std::vector<std::string> attempts;
    std::vector<std::string> cancelled;
} stage;

std::string host_of(const socket_address& address) {
    std::string text = to_string(address);
    return text.substr(0, text.rfind(':'));
}

task<result<tcp_stream>> made_up_connect(socket_address address, session_policy policy) {
    const std::string host = host_of(address);
    const auto since = std::chrono::duration_cast<milliseconds>(now() - stage.begin);
    stage.attempts.push_back(host + " at " + std::to_string(since.count()));
    const fate its = stage.fates[host];
    const auto slept = co_await sleep_for(its.takes);
    if (!slept) {
        stage.cancelled.push_back(host);
        co_return failure(slept.error());
    }
    if (its.error != 0)
        co_return failure(its.error);
    auto pair = value_or_throw(testing::socket_pair::unix_stream());
    co_return tcp_stream::from_fd(pair.release_first(), policy);
}

/// Names whose addresses come after a while, family by family.
class made_up_names final : public dns::detail::name_source {
public:
    struct family {
        milliseconds after{0};
        std::vector<socket_address> addresses;
        int below_most = 0;  // how much others are to be preferred
    };
    family v6, v4;
    std::error_code error;

    task<result<void>> look_up(question, answer_sink& sink) override {
        const bool v6_first = v6.after <= v4.after;
        for (const bool is_v6 : {v6_first, !v6_first}) {
            const family& next = is_v6 ? v6 : v4;
            const auto slept = co_await sleep_until(stage.begin + next.after);
            if (!slept)
                co_return slept;
            if (!error)
                sink.found(is_v6 ? AF_INET6 : AF_INET, ranked(next));
        }
        if (error)
            co_return failure(error);
        co_return result<void>{};
    }
    task<result<std::uint16_t>> port_of(std::string) override { co_return std::uint16_t{80}; }
    unsigned queries() const noexcept override { return 0; }

private:
    static std::vector<dns::detail::ranked_address> ranked(const family& its) {
        std::vector<dns::detail::ranked_address> all;
        for (const socket_address& each : its.addresses)
            all.push_back({.address = each, .rank = {.precedence_below_most = its.below_most}});
        return all;
    }
};

std::vector<socket_address> all_of(std::initializer_list<const char*> hosts) {
    std::vector<socket_address> all;
    for (const char* host : hosts)
        all.push_back(value_or_throw(socket_address::parse(host, 80)));
    return all;
}

class ConnectRace : public ::testing::Test {
protected:
    ConnectRace() : own_(*runtime_builder().shards(2).build_on(kernel_)) {
        names_ = std::make_unique<made_up_names>();
        stage = {};
    }

    /// \return the milliseconds it took, or the error
    std::string race(const dns::connect_options& options = {}, placement where = placement::local(),
                     milliseconds limit = std::chrono::hours(1)) {
        auto core = std::make_shared<dns::detail::resolver_core>(std::move(names_));
        return own_.block_on([=]() -> task<std::string> {
            stage.begin = now();
            auto running = value_or_throw(this_runtime().spawn(where, once(core, options, limit)));
            co_return co_await std::move(running);
        });
    }
    static task<std::string> once(std::shared_ptr<dns::detail::resolver_core> core,
                                  dns::connect_options options, milliseconds limit) {
        connect_race attempts(options, &made_up_connect);
        question asked{"a.test", std::nullopt, 80, options.family};
        const auto stream =
            co_await timeout(limit, attempts.run(std::move(core), std::move(asked)));
        if (!stream)
            co_return stream.error().message();
        const auto took = std::chrono::duration_cast<milliseconds>(now() - stage.begin);
        co_return "connected at " + std::to_string(took.count());
    }

    testing::simulated_kernel kernel_;
    runtime own_;
    std::unique_ptr<made_up_names> names_;
};

using lines = std::vector<std::string>;

TEST_F(ConnectRace, FamiliesTakeTurnsAndAttemptsBegin250MsApart) {
    names_->v6.addresses = all_of({"fd00::1", "fd00::2", "fd00::3"});
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2"});
    for (const char* host : {"[fd00::1]", "[fd00::2]", "[fd00::3]", "10.0.0.1"})
        stage.fates[host] = {milliseconds(60'000)};
    stage.fates["10.0.0.2"] = {milliseconds(100)};
    EXPECT_EQ(race(), "connected at 850");
    EXPECT_EQ(stage.attempts,
              (lines{"[fd00::1] at 0", "10.0.0.1 at 250", "[fd00::2] at 500", "10.0.0.2 at 750"}));
    EXPECT_EQ(stage.cancelled.size(), 3u);
}

TEST_F(ConnectRace, TheFamilyOfTheBetterAddressBegins) {
    names_->v6 = {milliseconds(20), all_of({"fd00::1", "fd00::2"}), 1};
    names_->v4 = {milliseconds(0), all_of({"10.0.0.1", "10.0.0.2"})};
    for (const char* host : {"[fd00::1]", "[fd00::2]", "10.0.0.1"})
        stage.fates[host] = {milliseconds(10), ECONNREFUSED};
    EXPECT_EQ(race(), "connected at 40");
    EXPECT_EQ(stage.attempts, (lines{"10.0.0.1 at 20", "[fd00::1] at 30", "10.0.0.2 at 40"}));
}

TEST_F(ConnectRace, AnAttemptThatFailsLetsTheNextBeginAtOnce) {
    names_->v6.addresses = all_of({"fd00::1"});
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2"});
    stage.fates["[fd00::1]"] = {milliseconds(0), ENETUNREACH};
    stage.fates["10.0.0.1"] = {milliseconds(100), ECONNREFUSED};
    stage.fates["10.0.0.2"] = {milliseconds(30)};
    EXPECT_EQ(race(), "connected at 130");
    EXPECT_EQ(stage.attempts, (lines{"[fd00::1] at 0", "10.0.0.1 at 0", "10.0.0.2 at 100"}));
    EXPECT_TRUE(stage.cancelled.empty());
}

TEST_F(ConnectRace, AnEarlierAttemptMayStillWin) {
    names_->v6.addresses = all_of({"fd00::1"});
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2"});
    stage.fates["[fd00::1]"] = {milliseconds(600)};
    stage.fates["10.0.0.1"] = {milliseconds(10), ECONNREFUSED};
    stage.fates["10.0.0.2"] = {milliseconds(60'000)};
    EXPECT_EQ(race(), "connected at 600");
    EXPECT_EQ(stage.cancelled, lines{"10.0.0.2"});
}

TEST_F(ConnectRace, TheLastAttemptIsWaitedForAsWellAsTheFirst) {
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2"});
    stage.fates["10.0.0.1"] = {milliseconds(9'000)};
    stage.fates["10.0.0.2"] = {milliseconds(10), ECONNREFUSED};
    EXPECT_EQ(race(), "connected at 9000");
}

TEST_F(ConnectRace, WhenAllFailTheMostTellingErrorIsTheAnswer) {
    const auto refused = make_error_code(std::errc::connection_refused).message();
    names_->v6.addresses = all_of({"fd00::1"});
    names_->v4.addresses = all_of({"10.0.0.1"});
    stage.fates["[fd00::1]"] = {milliseconds(700), ENETUNREACH};
    stage.fates["10.0.0.1"] = {milliseconds(10), ECONNREFUSED};
    EXPECT_EQ(race(), refused);
    using dns::detail::more_telling;
    const std::error_code none;
    const auto no_way = make_error_code(std::errc::network_unreachable);
    const auto reset = make_error_code(std::errc::connection_reset);
    const auto timed_out = make_error_code(std::errc::timed_out);
    EXPECT_EQ(more_telling(no_way, none), no_way);
    EXPECT_EQ(more_telling(no_way, reset), reset);
    EXPECT_EQ(more_telling(reset, no_way), reset);
    EXPECT_EQ(more_telling(reset, timed_out), timed_out);
}

TEST_F(ConnectRace, Version4WaitsALittleForVersion6) {
    names_->v4 = {milliseconds(10), all_of({"10.0.0.1"})};
    names_->v6 = {milliseconds(50), all_of({"fd00::1"})};
    EXPECT_EQ(race(), "connected at 50");
    EXPECT_EQ(stage.attempts, lines{"[fd00::1] at 50"});
}

TEST_F(ConnectRace, Version4WaitsNoLongerThanThat) {
    names_->v4 = {milliseconds(10), all_of({"10.0.0.1", "10.0.0.2"})};
    names_->v6 = {milliseconds(100), all_of({"fd00::1"})};
    stage.fates["10.0.0.1"] = stage.fates["10.0.0.2"] = {milliseconds(60'000)};
    EXPECT_EQ(race(), "connected at 310");
    EXPECT_EQ(stage.attempts, (lines{"10.0.0.1 at 60", "[fd00::1] at 310"}));
}

TEST_F(ConnectRace, Version4DoesNotWaitWhenThereIsNoVersion6) {
    names_->v4 = {milliseconds(10), all_of({"10.0.0.1"})};
    names_->v6 = {milliseconds(20), {}};
    EXPECT_EQ(race(), "connected at 20");
}

TEST_F(ConnectRace, AttemptsGoOnWhenMoreAddressesCome) {
    names_->v6 = {milliseconds(0), all_of({"fd00::1"})};
    names_->v4 = {milliseconds(5'000), all_of({"10.0.0.1"})};
    stage.fates["[fd00::1]"] = {milliseconds(100), ECONNREFUSED};
    EXPECT_EQ(race(), "connected at 5000");
}

TEST_F(ConnectRace, WithoutAnyAddressTheLookUpsErrorIsTheAnswer) {
    names_->error = dns::errc::not_found;
    EXPECT_EQ(race(), make_error_code(dns::errc::not_found).message());
    EXPECT_TRUE(stage.attempts.empty());
}

TEST_F(ConnectRace, TheDelayIsTheCallers) {
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2"});
    stage.fates["10.0.0.1"] = {milliseconds(60'000)};
    EXPECT_EQ(race({.attempt_delay = milliseconds(10)}), "connected at 10");
}

TEST_F(ConnectRace, ATimeoutAroundItEndsAllAttempts) {
    names_->v4.addresses = all_of({"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    for (const char* host : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
        stage.fates[host] = {milliseconds(60'000)};
    EXPECT_EQ(race({}, placement::local(), milliseconds(400)),
              make_error_code(std::errc::timed_out).message());
    EXPECT_EQ(stage.attempts.size(), 2u);
    EXPECT_EQ(stage.cancelled.size(), 2u);
}

TEST_F(ConnectRace, SixtyFourSilentAddressesAreAllTried) {
    for (int i = 0; i < 64; ++i) {
        const std::string host = "10.0.1." + std::to_string(i);
        names_->v4.addresses.push_back(value_or_throw(socket_address::parse(host, 80)));
        stage.fates[host] = {milliseconds(60'000), ECONNREFUSED};
    }
    stage.fates["10.0.1.63"] = {milliseconds(1)};
    EXPECT_EQ(race(), "connected at 15751");
    EXPECT_EQ(stage.cancelled.size(), 63u);
}

}  // namespace
}  // namespace spargio::dns_test
