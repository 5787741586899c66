// Points in time that nanoseconds cannot count are at the ends of time.

#include "spargio/time/point_in_time.hpp"

#include <cstdint>
#include <type_traits>

#include "spargio/core/when_any.hpp"
#include "spargio/time/boot_clock.hpp"
#include "spargio/time/interval.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"
#include "time_stage.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

template <class Duration>
constexpr clock::time_point counted(std::chrono::time_point<clock, Duration> when) {
    return point_in_time<clock>(when);
}
template <class Duration>
constexpr auto after(Duration since_the_epoch) {
    return std::chrono::time_point<clock, Duration>(since_the_epoch);
}

static_assert(counted(after(5ns)) == after(5ns));
static_assert(counted(after(-3h)) == after(-3h));
static_assert(counted(after(9'223'372'036s)) == after(9'223'372'036s));
static_assert(counted(after(9'223'372'037s)) == clock::time_point::max());
static_assert(counted(after(-9'223'372'037s)) == clock::time_point::min());
static_assert(counted(after(std::chrono::duration<std::uint64_t>(UINT64_MAX))) ==
              clock::time_point::max());
// As with clock::time_point: what would lose something is not taken, nor another clock's.
static_assert(!std::is_convertible_v<std::chrono::time_point<clock, std::chrono::duration<double>>,
                                     point_in_time<clock>>);
static_assert(!std::is_convertible_v<boot_clock::time_point, point_in_time<clock>>);
static_assert(!std::is_convertible_v<std::chrono::nanoseconds, point_in_time<clock>>);

template <class Duration>
class PointInTime : public time_test::stage {
protected:
    using moment = std::chrono::time_point<clock, Duration>;
    using boot_moment = std::chrono::time_point<boot_clock, Duration>;
};
using coarse = ::testing::Types<std::chrono::microseconds, std::chrono::milliseconds,
                                std::chrono::seconds, std::chrono::minutes, std::chrono::hours>;
TYPED_TEST_SUITE(PointInTime, coarse);

task<result<void>> an_hour() {
    co_return co_await sleep_for(1h);
}

TYPED_TEST(PointInTime, SleepsToTheEndOfTime) {
    this->run([]() -> task<void> {
        using moment = typename TestFixture::moment;
        auto longer = []() -> task<result<void>> { co_return co_await sleep_until(moment::max()); };
        const auto first = co_await when_any(longer(), an_hour());
        EXPECT_EQ(first.index(), 1u);
        spargio::sleep kept(moment::max());
        EXPECT_EQ(kept.deadline(), clock::time_point::max());
        kept.reset(moment::min());
        EXPECT_TRUE(kept.is_elapsed());
        kept.reset(moment::max());
        EXPECT_EQ(kept.deadline(), clock::time_point::max());
    });
}

TYPED_TEST(PointInTime, TheFarPastIsOver) {
    this->run([]() -> task<void> {
        using moment = typename TestFixture::moment;
        using boot_moment = typename TestFixture::boot_moment;
        const auto start = now();
        EXPECT_TRUE(spargio::sleep(moment::min()).is_elapsed());
        const auto slept = co_await timeout(1h, sleep_until(moment::min()));
        EXPECT_TRUE(slept);
        const auto in_boot_time = co_await timeout(1h, sleep_until(boot_moment::min()));
        EXPECT_TRUE(in_boot_time);
        const auto late = co_await timeout_at(moment::min(), an_hour());
        EXPECT_EQ(late.error(), std::errc::timed_out);
        EXPECT_LT(now(), start + 1h);
    });
}

TYPED_TEST(PointInTime, LimitsNothing) {
    this->run([]() -> task<void> {
        using moment = typename TestFixture::moment;
        const auto in_time = co_await timeout_at(moment::max(), an_hour());
        EXPECT_TRUE(in_time);
        const auto too = co_await timeout_at(moment::max(), sleep_for(1h));
        EXPECT_TRUE(too);
    });
}

TYPED_TEST(PointInTime, LastsAsLongInBootTime) {
    this->run([]() -> task<void> {
        using boot_moment = typename TestFixture::boot_moment;
        const auto ended = co_await timeout(1h, sleep_until(boot_moment::max()));
        EXPECT_EQ(ended.error(), std::errc::timed_out);
    });
}

TYPED_TEST(PointInTime, StartsAnIntervalThen) {
    this->run([]() -> task<void> {
        using moment = typename TestFixture::moment;
        auto never = interval_at(moment::max(), 1s);
        const auto not_yet = co_await timeout(1h, never.tick());
        EXPECT_EQ(not_yet.error(), std::errc::timed_out);
        never.reset_at(moment::min());
        const auto at_once = co_await timeout(1h, never.tick());
        EXPECT_EQ(at_once, clock::time_point::min());
        interval ticking(moment::min(), 1s);
        ticking.reset_at(moment::max());
        const auto nor_now = co_await timeout(1h, ticking.tick());
        EXPECT_EQ(nor_now.error(), std::errc::timed_out);
    });
}

}  // namespace
}  // namespace spargio
