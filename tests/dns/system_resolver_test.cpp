// getaddrinfo() on the blocking pool, behind the same interface.

#include <atomic>

#include "companions/dns/detail/system_source.hpp"
#include "dns_steps.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio::dns_test {
namespace {

template <class Scenario>
void on_shards(Scenario scenario) {
    run_with(runtime_builder().shards(2).ring_entries(16).blocking_threads(1), std::move(scenario));
}

TEST(SystemResolver, LiteralsAreAnsweredWithoutACall) {
    on_shards([]() -> task<void> {
        auto names = value_or_throw(dns::resolver::open_system());
        EXPECT_EQ(text_of(co_await names.resolve("fe80::1%lo", 80)), "[fe80::1%1]:80");
        EXPECT_EQ(text_of(co_await names.resolve("127.0.0.1", "81")), "127.0.0.1:81");
    });
}

TEST(SystemResolver, NamesAreFoundAsTheMachineFindsThem) {
    on_shards([]() -> task<void> {
        auto names = value_or_throw(dns::resolver::open_system());
        EXPECT_EQ(text_of(co_await names.resolve("localhost", 80, address_family::v4)),
                  "127.0.0.1:80");
        EXPECT_EQ((co_await names.resolve("", 80)).error(), dns::errc::invalid_name);
        EXPECT_EQ((co_await names.resolve(std::string("a\0b", 3), 80)).error(),
                  dns::errc::invalid_name);
        for (const char* none : {"no-such-service-anywhere", "", "99999", " 80", "-1"})
            EXPECT_EQ((co_await names.resolve("127.0.0.1", none)).error(),
                      dns::errc::unknown_service)
                << none;
        EXPECT_EQ(names.queries(), 0u);
    });
}

// --- a call that takes its time --------------------------------------------------------------

std::atomic<unsigned> calls_begun = 0;
std::atomic<bool> calls_may_end = false;

int slow_getaddrinfo(const char* host, const char*, const ::addrinfo* hints,
                     ::addrinfo** found) noexcept {
    calls_begun.fetch_add(1);
    calls_begun.notify_all();
    calls_may_end.wait(false);
    if (std::string_view(host) == "none.test")
        return EAI_NONAME;
    if (std::string_view(host) == "later.test")
        return EAI_AGAIN;
    ::addrinfo literal = *hints;
    literal.ai_flags = AI_NUMERICHOST;
    return ::getaddrinfo("127.0.0.7", nullptr, &literal, found);
}

/// What becomes of the addresses does not matter here.
class dropped final : public dns::detail::answer_sink {
public:
    void found(int, std::span<const dns::detail::ranked_address> addresses) override {
        count += addresses.size();
    }
    std::size_t count = 0;
};

/// Version 4 before and behind version 6, as gai.conf(5) may want it.
int mixing_getaddrinfo(const char*, const char*, const ::addrinfo* hints,
                       ::addrinfo** found) noexcept {
    ::addrinfo literal = *hints;
    literal.ai_flags = AI_NUMERICHOST;
    for (const char* host : {"10.0.0.1", "fd00::1", "10.0.0.2"}) {
        if (const int status = ::getaddrinfo(host, nullptr, &literal, found); status != 0)
            return status;
        found = &(*found)->ai_next;
    }
    return 0;
}

/// All there are.
class listed final : public dns::detail::answer_sink {
public:
    void found(int, std::span<const dns::detail::ranked_address> addresses) override {
        all.insert(all.end(), addresses.begin(), addresses.end());
    }
    std::vector<dns::detail::ranked_address> all;
};

TEST(SystemResolver, TheOrderIsThatOfTheMachine) {
    on_shards([]() -> task<void> {
        dns::detail::system_source source({}, &mixing_getaddrinfo);
        listed sink;
        dns::detail::question asked{"a.test", std::nullopt, 80};
        value_or_throw(co_await source.look_up(std::move(asked), sink));
        dns::detail::put_in_order(sink.all);
        std::vector<socket_address> addresses;
        for (const auto& each : sink.all)
            addresses.push_back(each.address);
        EXPECT_EQ(text_of(std::move(addresses)), "10.0.0.1:80 [fd00::1]:80 10.0.0.2:80");
    });
}

class SlowSystemResolver : public ::testing::Test {
protected:
    void SetUp() override {
        calls_begun = 0;
        calls_may_end = false;
    }
    static void let_calls_end() {
        calls_may_end = true;
        calls_may_end.notify_all();
    }
    static task<void> until_begun(unsigned count) {
        while (calls_begun.load() < count)
            co_await yield();
    }
    static dns::detail::question about(std::string host) {
        return {std::move(host), std::nullopt, 80, address_family::any};
    }
};

TEST_F(SlowSystemResolver, ACancelReleasesWhoWaitsAndCountsTheCallThatGoesOn) {
    on_shards([]() -> task<void> {
        dns::detail::system_source source({.most_queries = 2}, &slow_getaddrinfo);
        dropped sink;
        auto begun = value_or_throw(this_shard::spawn(source.look_up(about("a.test"), sink)));
        co_await until_begun(1);
        auto queued = value_or_throw(this_shard::spawn(source.look_up(about("b.test"), sink)));
        while (source.queries() != 2)
            co_await yield();
        EXPECT_EQ((co_await source.look_up(about("c.test"), sink)).error(), errc::overloaded);
        EXPECT_EQ(source.left_running(), 0u);

        begun.request_stop();
        EXPECT_EQ((co_await std::move(begun)).error(), std::errc::operation_canceled);
        EXPECT_EQ(source.left_running(), 1u);
        queued.request_stop();
        EXPECT_EQ((co_await std::move(queued)).error(), std::errc::operation_canceled);
        // The one that had not begun is withdrawn; the other still counts against the limit.
        while (source.queries() != 1)
            co_await yield();
        EXPECT_EQ(source.left_running(), 1u);

        let_calls_end();
        while (source.queries() != 0)
            co_await yield();
        EXPECT_EQ(source.left_running(), 0u);
        EXPECT_EQ(calls_begun.load(), 1u);
        EXPECT_EQ(sink.count, 0u);
    });
}

TEST_F(SlowSystemResolver, ItMayEndBeforeItsCalls) {
    on_shards([]() -> task<void> {
        dropped sink;
        auto source =
            std::make_unique<dns::detail::system_source>(dns::system_options{}, &slow_getaddrinfo);
        auto begun = value_or_throw(this_shard::spawn(source->look_up(about("a.test"), sink)));
        co_await until_begun(1);
        begun.request_stop();
        EXPECT_FALSE(co_await std::move(begun));
        source.reset();
        let_calls_end();
    });
}

TEST_F(SlowSystemResolver, ItsErrorsAreNamed) {
    let_calls_end();
    on_shards([]() -> task<void> {
        dns::detail::system_source source({}, &slow_getaddrinfo);
        dropped sink;
        EXPECT_EQ((co_await source.look_up(about("none.test"), sink)).error(),
                  dns::errc::not_found);
        EXPECT_EQ((co_await source.look_up(about("later.test"), sink)).error(),
                  dns::errc::server_failure);
        EXPECT_TRUE(co_await source.look_up(about("a.test"), sink));
        EXPECT_EQ(sink.count, 1u);
    });
}

}  // namespace
}  // namespace spargio::dns_test
