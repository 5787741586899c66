// Durations that are longer than nanoseconds can count last to the end of time.

#include "spargio/core/time_span.hpp"

#include <cstdint>
#include <type_traits>

#include "spargio/boundary/channel.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/time/interval.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "time_stage.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

constexpr nanoseconds counted(time_span amount) {
    return amount;
}

static_assert(counted(5ns) == 5ns);
static_assert(counted(nanoseconds::min()) == nanoseconds::min());
static_assert(counted(-3h) == -3h);
static_assert(counted(9'223'372'036s) == 9'223'372'036s);
static_assert(counted(9'223'372'037s) == nanoseconds::max());
static_assert(counted(-9'223'372'036s) == -9'223'372'036s);
static_assert(counted(-9'223'372'037s) == nanoseconds::min());
static_assert(counted(std::chrono::hours::max()) == nanoseconds::max());
static_assert(counted(std::chrono::hours::min()) == nanoseconds::min());
static_assert(counted(std::chrono::duration<std::uint64_t>(UINT64_MAX)) == nanoseconds::max());
static_assert(counted(std::chrono::duration<std::uint8_t>(7)) == 7s);
// As with nanoseconds: what would lose something is not taken.
static_assert(!std::is_convertible_v<std::chrono::duration<double>, time_span>);
static_assert(!std::is_convertible_v<std::chrono::duration<int, std::pico>, time_span>);

template <class Duration>
class TimeSpan : public time_test::stage {
protected:
    static constexpr Duration forever = Duration::max();
    static constexpr Duration long_ago = Duration::min();
};
using coarse = ::testing::Types<std::chrono::microseconds, std::chrono::milliseconds,
                                std::chrono::seconds, std::chrono::minutes, std::chrono::hours>;
TYPED_TEST_SUITE(TimeSpan, coarse);

task<result<void>> an_hour() {
    co_return co_await sleep_for(1h);
}

TYPED_TEST(TimeSpan, SleepsToTheEndOfTime) {
    this->run([this]() -> task<void> {
        auto longer = [this]() -> task<result<void>> {
            co_return co_await sleep_for(this->forever);
        };
        const auto first = co_await when_any(longer(), an_hour());
        EXPECT_EQ(first.index(), 1u);
        spargio::sleep kept(this->forever);
        EXPECT_EQ(kept.deadline(), clock::time_point::max());
        kept.reset(this->long_ago);
        EXPECT_TRUE(kept.is_elapsed());
        const auto slept = co_await sleep_for(this->long_ago);
        EXPECT_TRUE(slept);
    });
}

TYPED_TEST(TimeSpan, LimitsNothing) {
    this->run([this]() -> task<void> {
        const auto in_time = co_await timeout(this->forever, an_hour());
        EXPECT_TRUE(in_time);
        const auto too = co_await timeout(this->forever, sleep_for(1h));
        EXPECT_TRUE(too);
        const auto late = co_await timeout(this->long_ago, an_hour());
        EXPECT_EQ(late.error(), std::errc::timed_out);
        interval ticking(this->forever);
        const auto ticked = co_await ticking.tick();
        EXPECT_TRUE(ticked);
        const auto next = co_await timeout(1h, ticking.tick());
        EXPECT_EQ(next.error(), std::errc::timed_out);
    });
}

TYPED_TEST(TimeSpan, LimitsNoCallOfABoundary) {
    this->run([this]() -> task<void> {
        auto [client, server] = boundary::channel<int, int>(1);
        auto serve = [&, from = server]() -> task<void> {
            auto received = co_await from.recv_timeout(this->forever);
            EXPECT_TRUE(received);
            EXPECT_EQ(received->remaining(), nanoseconds::max());
            const auto waited = co_await sleep_for(1h);
            EXPECT_TRUE(waited);
            EXPECT_TRUE(received->respond(received->request() + 1));
        };
        auto call = [&, at = client]() -> task<void> {
            const auto answered = co_await at.call_with_timeout(1, this->forever);
            EXPECT_EQ(answered, 2);
        };
        co_await when_all(serve(), call());
    });
}

TYPED_TEST(TimeSpan, LimitsNoShutdown) {
    runtime closing = *runtime_builder().shards(1).build();
    auto slow = closing.handle().spawn(placement::pinned(0), []() -> task<void> {
        // Not before it was asked to.
        (void)co_await sleep_for(1h);
        (void)co_await yield();
    });
    EXPECT_TRUE(closing.shutdown_blocking(this->forever).clean());
    slow->wait();
}

}  // namespace
}  // namespace spargio
