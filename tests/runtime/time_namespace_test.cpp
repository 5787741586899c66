// In a time namespace, as a restored container has one, the clocks of the process are not the
// machine's; whatever waits does so for as long as elsewhere.

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>

#include "process.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/time/boot_clock.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;

enum end { as_elsewhere, refused, early, failed, late };

/// Moves the clocks of the children of this process. \return whether it may.
bool shift_clocks(int seconds) {
    if (::unshare(CLONE_NEWTIME) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0)
        return false;
    std::ofstream offsets("/proc/self/timens_offsets");
    offsets << "monotonic " << seconds << " 0\nboottime " << seconds << " 0\n" << std::flush;
    return offsets.good();
}

/// Ends at the given time of Clock.
template <class Clock>
using wait_until = task<void> (*)(typename Clock::time_point when);

template <class Clock>
task<bool> waits(wait_until<Clock> wait) {
    const auto when = Clock::now() + 5ms;
    co_await wait(when);
    co_return Clock::now() >= when;
}

int wait_in_every_way() {
    ::alarm(20);  // what waits for the machine's clock does so for a day
    return run([]() -> task<int> {
        bool good = co_await waits<clock>(
            [](auto when) -> task<void> { EXPECT_TRUE(co_await sleep_until(when)); });
        good &= co_await waits<clock>(
            [](auto /*when*/) -> task<void> { EXPECT_TRUE(co_await sleep_for(5ms)); });
        good &= co_await waits<clock>([](auto when) -> task<void> {
            EXPECT_FALSE(co_await timeout_at(when, sleep_for(1h)));
        });
        good &= co_await waits<boot_clock>(
            [](auto when) -> task<void> { EXPECT_TRUE(co_await sleep_until(when)); });
        if (::testing::Test::HasFailure())
            co_return failed;
        co_return good ? as_elsewhere : early;
    });
}

void expect_waits_as_elsewhere(int seconds) {
    if (SPARGIO_TEST_HAS_FEATURE(thread_sanitizer))
        GTEST_SKIP() << "thread sanitizer allows a forked child no threads";
    const int ended = runtime_test::run_forked([&] {
        if (!shift_clocks(seconds))
            return static_cast<int>(refused);
        const int inside = runtime_test::run_forked(wait_in_every_way);
        return inside >= 1000 ? static_cast<int>(late) : inside;
    });
    if (ended == refused)
        GTEST_SKIP() << "making a time namespace is not allowed here";
    EXPECT_EQ(ended, as_elsewhere);
}

TEST(TimeNamespace, WhoseClocksAreAheadWaitsAsElsewhere) {
    expect_waits_as_elsewhere(100'000);
}

TEST(TimeNamespace, WhoseClocksAreBehindWaitsAsElsewhere) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    expect_waits_as_elsewhere(static_cast<int>(-now.tv_sec / 2));
}

}  // namespace
}  // namespace spargio
