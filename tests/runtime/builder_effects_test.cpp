// What the settings do to the threads and the rings of a runtime.

#include <gmock/gmock.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>

#include "process.hpp"
#include "spargio/runtime/cpu_count.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"

namespace spargio {
namespace {

using runtime_test::thread_names;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

runtime built(const runtime_builder& builder) {
    return detail::build_or_throw(builder);
}

TEST(Builder, ADefaultRuntimeHasAShardForEachUsableCpu) {
    EXPECT_EQ(built({}).shard_count(), std::min(usable_cpus(), runtime_builder::most_shards));
}

TEST(Builder, AffinityAloneSaysHowManyShards) {
    EXPECT_EQ(built(runtime_builder().affinity({0, 0, 0})).shard_count(), 3u);
}

TEST(Builder, ShardsRunOnTheirCpus) {
    cpu_set_t allowed;
    ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed))
            cpus.push_back(cpu);
    }
    // The other way round than the kernel would.
    std::reverse(cpus.begin(), cpus.end());
    cpus.resize(std::min<std::size_t>(cpus.size(), 4));
    runtime own = built(runtime_builder().affinity(cpus));
    for (unsigned shard = 0; shard < own.shard_count(); ++shard) {
        const bool alone_there = own.block_on(shard, [&, shard]() -> task<bool> {
            cpu_set_t mine;
            ::sched_getaffinity(0, sizeof mine, &mine);
            co_return CPU_COUNT(&mine) == 1 && CPU_ISSET(cpus[shard], &mine);
        });
        EXPECT_TRUE(alone_there) << "shard " << shard;
    }
    cpu_set_t still;
    ASSERT_EQ(::sched_getaffinity(0, sizeof still, &still), 0);
    EXPECT_TRUE(CPU_EQUAL(&still, &allowed)) << "the building thread stays where it was";
}

TEST(Builder, ThreadsAreCalledByNameAndNumber) {
    const runtime own = built(runtime_builder().shards(2).thread_name("elevenchars"));
    EXPECT_THAT(thread_names(), Contains("elevenchars-0"));
    EXPECT_THAT(thread_names(), Contains("elevenchars-1"));
}

TEST(Builder, BlockedSignalsAreBlockedInTheCallerAndInEveryShard) {
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    ASSERT_FALSE(sigismember(&before, SIGUSR2));
    {
        runtime own = built(runtime_builder().shards(2).block_signals({SIGUSR2}));
        for (unsigned shard = 0; shard < 2; ++shard) {
            EXPECT_TRUE(own.block_on(shard, []() -> task<bool> {
                sigset_t mask;
                ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
                co_return sigismember(&mask, SIGUSR2) == 1 && sigismember(&mask, SIGUSR1) == 0;
            }));
        }
    }
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_TRUE(sigismember(&after, SIGUSR2));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(Builder, ABuildThatFailsLeavesTheSignalMaskAlone) {
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
    ASSERT_FALSE(sigismember(&before, SIGUSR2));
    EXPECT_FALSE(runtime_builder().affinity({1023}).block_signals({SIGUSR2}).build().has_value());
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_FALSE(sigismember(&after, SIGUSR2));
}

TEST(Builder, DisabledFeaturesAreNotUsed) {
    for (unsigned i = 0; i < feature_count; ++i) {
        const auto which = static_cast<feature>(i);
        runtime own = built(runtime_builder().shards(2).deferred_taskrun().disable(which));
        EXPECT_THAT(own.backend(), Not(HasSubstr(to_string(which))));
        // And it works without.
        const auto handle = own.handle();
        EXPECT_EQ(own.block_on([&]() -> task<int> {
            co_return co_await *handle.spawn(placement::pinned(1),
                                             []() -> task<int> { co_return 7; });
        }),
                  7);
    }
}

SPARGIO_CHILD_PROGRAM(print_backend) {
    std::puts(built(runtime_builder().shards(1)).backend().c_str());
    return 0;
}

TEST(Builder, TheEnvironmentDisablesFeatures) {
    const auto plain = runtime_test::run_child("print_backend", {{"SPARGIO_DISABLE", ""}});
    ASSERT_EQ(plain.status, 0) << plain.err;
    EXPECT_THAT(plain.out, HasSubstr("attempt_first"));
    const auto without = runtime_test::run_child(
        "print_backend", {{"SPARGIO_DISABLE", "attempt_first,cooperative_taskrun,no_such"}});
    ASSERT_EQ(without.status, 0) << without.err;
    EXPECT_THAT(without.out, Not(HasSubstr("attempt_first")));
    EXPECT_THAT(without.out, Not(HasSubstr("cooperative_taskrun")));
    EXPECT_THAT(without.err, HasSubstr("'no_such'"));
}

/// Messages to and fro between shards 0 and 1 until a wait of one of them ended while it spun, or
/// `rounds` times. \return whether one did.
bool a_spin_pays(runtime& own, int rounds) {
    const auto echo = own.handle().spawn(placement::pinned(1), []() -> task<void> {
        const remote_shard back = this_shard::remote(0);
        while (const auto received = co_await this_shard::next_event())
            back.send_raw_nowait(0, received->value);
    });
    EXPECT_TRUE(echo.has_value());
    return own.block_on([&]() -> task<bool> {
        const remote_shard other = this_shard::remote(1);
        for (int round = 0; round < rounds; ++round) {
            other.send_raw_nowait(0, 1);
            (void)co_await this_shard::next_event();
            if (own.stats(0).spins_paid + own.stats(1).spins_paid != 0)
                co_return true;
        }
        co_return false;
    });
}

TEST(Builder, MoreShardsThanCpusDoNotSpin) {
    runtime own = built(runtime_builder().shards(usable_cpus() + 1));
    EXPECT_FALSE(a_spin_pays(own, 200));
}

TEST(Builder, ShardsThatShareACpuDoNotSpin) {
    runtime own = built(runtime_builder().affinity({0, 0}));
    EXPECT_FALSE(a_spin_pays(own, 200));
}

TEST(Builder, ASpinThatIsAskedForHappensAllTheSame) {
    runtime own = built(runtime_builder().shards(usable_cpus() + 1).spin_us(10'000));
    EXPECT_TRUE(a_spin_pays(own, 100'000));
}

TEST(Builder, SeveralRuntimesLiveInOneProcess) {
    runtime first = built(runtime_builder().shards(1).thread_name("first"));
    runtime second = built(runtime_builder().shards(2).thread_name("second"));
    EXPECT_THAT(thread_names(), Contains("first-0"));
    EXPECT_THAT(thread_names(), Contains("second-1"));
    EXPECT_EQ(second.block_on(1, []() -> task<unsigned> { co_return this_shard::id(); }), 1u);
    first.shutdown_blocking();
    EXPECT_EQ(second.block_on(1, []() -> task<unsigned> { co_return this_shard::id(); }), 1u);
}

/// Rings' memory in this process.
std::size_t mapped_rings() {
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);)
        count += line.find("[io_uring]") != std::string::npos;
    return count;
}

TEST(Builder, RebuildingLeavesNothingBehind) {
    (void)built(runtime_builder().shards(2));  // what the process keeps from its first runtime
    const std::size_t descriptors = runtime_test::descriptors();
    const std::size_t threads = thread_names().size();
    const std::size_t mapped = mapped_rings();
    for (int round = 0; round < 100; ++round) {
        runtime own = built(runtime_builder().shards(2));
        ASSERT_EQ(own.block_on(1, []() -> task<int> { co_return 3; }), 3);
        ASSERT_GT(mapped_rings(), mapped);
    }
    EXPECT_EQ(mapped_rings(), mapped);
    EXPECT_EQ(runtime_test::descriptors(), descriptors);
    EXPECT_TRUE(runtime_test::threads_become(threads));
}

TEST(Builder, AMovedRuntimeIsTheSame) {
    runtime first = built(runtime_builder().shards(1));
    runtime second = std::move(first);
    EXPECT_EQ(second.block_on([]() -> task<int> { co_return 5; }), 5);
}

}  // namespace
}  // namespace spargio
