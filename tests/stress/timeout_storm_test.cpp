// Tens of thousands of limits at once, of waits that end in time, late or when they are told to, on
// shards they have left meanwhile: each ends once and for its own reason, and leaves no timer.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include "scale.hpp"
#include "spargio/runtime/reschedule_on.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/testing/random_source.hpp"
#include "spargio/time/sleep.hpp"
#include "spargio/time/timeout.hpp"

namespace spargio::stress {
namespace {

using namespace std::chrono_literals;

constexpr unsigned shards = 2;

enum class fate { in_time, late, stopped, in_time_or_late };
/// What becomes of the task while its limit runs.
enum class way { stays, leaves, returns, is_limited_twice };

struct limited {
    limited(std::uint64_t number, std::chrono::nanoseconds soon)
        : ends(static_cast<fate>(number % 4)),
          goes(static_cast<way>(number / 4 % 4)),
          limit(ends == fate::late || ends == fate::in_time_or_late ? soon : 1h) {}
    [[nodiscard]] bool may_be(bool in_time, std::error_code why) const {
        if (in_time)
            return ends == fate::in_time || ends == fate::in_time_or_late;
        return ends != fate::in_time &&
               why ==
                   (ends == fate::stopped ? std::errc::operation_canceled : std::errc::timed_out);
    }
    fate ends;
    way goes;
    std::chrono::nanoseconds limit;
    std::atomic<unsigned> ended = 0;
};

struct storm {
    event now_it_is_time;
    event never;
    std::atomic<std::uint64_t> begun = 0;
};

task<result<int>> wait_somewhere(storm& around, const limited& self) {
    const unsigned home = this_shard::id();
    if (self.goes == way::leaves || self.goes == way::returns) {
        EXPECT_TRUE(co_await reschedule_on(1 - home));
    }
    if (self.goes == way::returns) {
        EXPECT_TRUE(co_await reschedule_on(home));
    }
    ++around.begun;
    if (self.ends == fate::in_time_or_late) {
        const auto slept = co_await sleep_for(self.limit);
        co_return slept ? result<int>(1) : failure(slept.error());
    }
    event& awaited = self.ends == fate::in_time ? around.now_it_is_time : around.never;
    const auto waited = co_await awaited.wait();
    if (!waited)
        co_return failure(waited.error());
    co_return 1;
}

task<result<int>> wait_limited(storm& around, const limited& self) {
    co_return co_await timeout(self.limit, wait_somewhere(around, self));
}

task<void> wait_and_say_why(storm& around, limited& self) {
    auto waiting = wait_limited(around, self);
    if (self.goes == way::is_limited_twice)
        waiting = [](task<result<int>> inner) -> task<result<int>> {
            co_return co_await timeout(2h, std::move(inner));
        }(std::move(waiting));
    const auto answer = co_await std::move(waiting);
    const std::error_code why = answer ? std::error_code() : answer.error();
    EXPECT_TRUE(self.may_be(answer.has_value(), why)) << static_cast<int>(self.ends) << why;
    ++self.ended;
}

/// Timers of all shards. Who left a limit behind on another shard lets that one remove it when it
/// comes by; so it is made to.
std::uint64_t timers_armed(const runtime& own) {
    std::uint64_t armed = 0;
    for (unsigned shard = 0; shard < shards; ++shard) {
        value_or_throw(own.handle().spawn(placement::pinned(shard), []() -> task<void> {
            co_await yield();
        })).wait();
        armed += own.stats(shard).timers_armed;
    }
    return armed;
}

void expect_to_become(const runtime& own, std::uint64_t expected) {
    for (int looks = 0; timers_armed(own) != expected && looks < 1000; ++looks)
        std::this_thread::yield();
    EXPECT_EQ(timers_armed(own), expected);
}

TEST(TimeoutStorm, EachEndsOnceAndLeavesNoTimer) {
    const std::uint64_t count = std::min<std::uint64_t>(times(40'000), 400'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    testing::random_source random(seed);
    const runtime own = detail::build_or_throw(runtime_builder().shards(shards));
    storm around;
    std::deque<limited> all;
    std::vector<join_handle<void>> handles;
    std::uint64_t patient = 0;  // limits that pass in an hour
    std::uint64_t late = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        limited& self = all.emplace_back(i, std::chrono::microseconds(random.below(50'000)));
        late += self.ends == fate::late ? 1 : 0;
        if (self.limit == 1h)
            patient += self.goes == way::is_limited_twice ? 2 : 1;
        handles.push_back(value_or_throw(
            own.handle().spawn_stealable_on(static_cast<unsigned>(i) % shards, [&around, &self] {
                return wait_and_say_why(around, self);
            })));
    }
    while (around.begun != count)
        std::this_thread::yield();
    expect_to_become(own, patient);

    // Both at once.
    std::jthread outside([&] { around.now_it_is_time.set(); });
    for (std::uint64_t i = 0; i < count; ++i) {
        if (all[i].ends == fate::stopped)
            handles[i].request_stop();
    }
    for (auto& each : handles)
        each.wait();
    EXPECT_TRUE(std::ranges::all_of(all, [](const limited& each) { return each.ended == 1; }));
    expect_to_become(own, 0);
    EXPECT_GE(own.stats().total.timers_fired, late);
    EXPECT_EQ(own.stats().total.tasks_alive, 0u);
}

// --- without the kernel --------------------------------------------------------------------------

task<result<int>> some_turns() {
    for (int turn = 0; turn < 3; ++turn)
        co_await yield();
    co_return 1;
}

task<std::uint64_t> take_time_again_and_again(std::uint64_t seed, std::uint64_t rounds) {
    testing::random_source random(seed);
    event never;
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        wrong += (co_await timeout(1h, some_turns())).value_or(0) == 1 ? 0 : 1;
        const auto late =
            co_await timeout(std::chrono::microseconds(random.below(500)), never.wait());
        wrong += !late && late.error() == std::errc::timed_out ? 0 : 1;
    }
    co_return wrong;
}

/// A shard that has something to do looks at its ring now and then, and not for its limits.
TEST(TimeoutStorm, LimitsCostNoSystemCalls) {
    const std::uint64_t rounds = std::max<std::uint64_t>(times(20), 5);
    constexpr std::uint64_t tasks = 1000;
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    const runtime own = detail::build_or_throw(runtime_builder().shards(shards));
    std::atomic<bool> over = false;
    std::vector<join_handle<void>> busy;
    for (unsigned shard = 0; shard < shards; ++shard) {
        busy.push_back(
            value_or_throw(own.handle().spawn(placement::pinned(shard), [&over]() -> task<void> {
                while (!over)
                    co_await yield();
            })));
    }
    std::vector<join_handle<std::uint64_t>> all;
    const auto before = own.stats().total;
    for (std::uint64_t i = 0; i < tasks; ++i) {
        all.push_back(value_or_throw(
            own.handle().spawn(placement::pinned(static_cast<unsigned>(i) % shards),
                               [=] { return take_time_again_and_again(seed + i, rounds); })));
    }
    for (auto& each : all)
        EXPECT_EQ(each.wait(), 0u);
    const auto after = own.stats().total;
    over = true;
    for (auto& each : busy)
        each.wait();
    EXPECT_GE(after.timers_fired - before.timers_fired, tasks * rounds);
    EXPECT_LT(after.kernel_entries - before.kernel_entries, tasks * rounds / 100);
    expect_to_become(own, 0);
}

}  // namespace
}  // namespace spargio::stress
