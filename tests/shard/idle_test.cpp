// What a shard with nothing to do costs, on the real kernel.

#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "shard_threads.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio::shard_test {
namespace {

using namespace std::chrono_literals;

std::chrono::nanoseconds own_cpu_time() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

task<std::chrono::nanoseconds> cpu_time_of_a_sleep(std::chrono::nanoseconds wait) {
    const auto before = own_cpu_time();
    EXPECT_TRUE(co_await sleep_for(wait));
    co_return own_cpu_time() - before;
}

TEST(Idle, SleepingShardTakesNoCpuTime) {
    for (const bool deferred : {false, true}) {
        shard_threads shards(
            system_kernel(), 1,
            {.ring = {.deferred = deferred, .disabled = features_disabled_by_environment()}});
        EXPECT_LT(shards.run(0, cpu_time_of_a_sleep(300ms)), 15ms);
        EXPECT_LE(shards[0].stats().parks, 10u);
    }
}

/// Its timeout is added to the kernel's clock, and must not come out as one in the past.
TEST(Idle, SleepWithoutEndTakesNoCpuTime) {
    shard_threads shards(system_kernel(), 1,
                         {.ring = {.disabled = features_disabled_by_environment()}});
    root<result<void>> for_ever(shards[0], []() -> task<result<void>> {
        co_return co_await sleep_for(std::chrono::nanoseconds::max());
    }());
    std::binary_semaphore ended{0};
    for_ever.at_end = [&] { ended.release(); };
    for_ever.start();
    EXPECT_LT(shards.run(0, cpu_time_of_a_sleep(300ms)), 15ms);
    const std::uint64_t parks = shards[0].stats().parks;
    // From here on nothing but that bounds the sleep.
    for (int i = 0; i < 200; ++i)
        std::this_thread::yield();
    EXPECT_LE(shards[0].stats().parks, parks + 10);
    for_ever.request_stop();
    ended.acquire();
    EXPECT_LE(shards[0].stats().parks, parks + 20);
}

}  // namespace
}  // namespace spargio::shard_test
