// Tasks that run wherever there is time for them.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/task_group.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using runtime_test::value_of;
using runtime_test::where_it_runs;
using runtime_test::with_shards;

TEST(Stealing, APinnedTaskStaysWhereItIs) {
    runtime own = with_shards(2);
    own.block_on(0, [&]() -> task<void> {
        std::vector<join_handle<void>> all;
        for (int i = 0; i < 100; ++i) {
            all.push_back(value_or_throw(this_shard::spawn([]() -> task<void> {
                for (int turn = 0; turn < 20; ++turn) {
                    EXPECT_EQ(this_shard::id(), 0u);
                    co_await yield();
                }
            })));
        }
        for (auto& each : all)
            co_await each;
    });
}

TEST(Stealing, PreferredBeyondTheLastShardIsRefused) {
    const runtime own = with_shards(2);
    EXPECT_EQ(own.handle().spawn(placement::stealable_preferred(2), where_it_runs()).error(),
              errc::no_such_shard);
}

TEST(Stealing, ValuesAndExceptionsComeBack) {
    runtime own = with_shards(2);
    own.block_on([&]() -> task<void> {
        std::vector<join_handle<int>> all;
        for (int i = 0; i < 1000; ++i) {
            all.push_back(
                value_or_throw(this_runtime().spawn(placement::stealable(), [i]() -> task<int> {
                    co_await yield();
                    if (i % 10 == 0)
                        throw std::runtime_error("ten");
                    co_return i;
                })));
        }
        int sum = 0, thrown = 0;
        for (auto& each : all) {
            const auto ended = co_await each.join();
            thrown += ended.has_exception();
            if (ended.has_value())
                sum += const_cast<outcome<int>&>(ended).value();
        }
        EXPECT_EQ(thrown, 100);
        EXPECT_EQ(sum, 499500 - 49500);
    });
}

TEST(Stealing, FromAThreadThatIsNoShard) {
    const runtime own = with_shards(3);
    std::vector<join_handle<int>> all;
    for (int i = 0; i < 300; ++i)
        all.push_back(value_or_throw(own.handle().spawn(placement::stealable(), value_of(i))));
    int sum = 0;
    for (auto& each : all)
        sum += each.wait();
    EXPECT_EQ(sum, 300 * 299 / 2);
}

// --- forks ---------------------------------------------------------------------------------------

task<std::uint64_t> fib(unsigned n) {
    if (n < 2)
        co_return n;
    const auto [a, b] = co_await when_all(fib(n - 1), fib(n - 2));
    co_return a + b;
}

task<std::uint64_t> leaves(std::uint64_t first, std::uint64_t count) {
    if (count == 1)
        co_return first;
    std::vector<task<std::uint64_t>> children;
    for (std::uint64_t i = 0; i < 10; ++i)
        children.push_back(leaves(first + i * (count / 10), count / 10));
    const auto sums = co_await when_all(std::move(children));
    co_return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

TEST(Stealing, ForksAreSharedAndJoined) {
    runtime own = with_shards(2);
    EXPECT_EQ(value_or_throw(own.handle().spawn(placement::stealable(), fib(20))).wait(), 6765u);
    EXPECT_EQ(value_or_throw(own.handle().spawn(placement::stealable(), leaves(0, 10'000))).wait(),
              10'000u * 9'999 / 2);
}

TEST(Stealing, TheMutexBackendDoesTheSame) {
    steal_options how;
    how.backend = steal_options::queue::mutex;
    runtime own = runtime_test::built(runtime_builder().shards(2).stealing(how));
    EXPECT_EQ(value_or_throw(own.handle().spawn(placement::stealable(), fib(18))).wait(), 2584u);
}

/// A stride that divides the number of shards: none of them is left out.
TEST(Stealing, EveryShardIsLookedAtWhateverTheStride) {
    steal_options how;
    how.victim_stride = 4;
    rescue_options never;
    never.after_us = 0;
    for (unsigned source = 0; source < 4; ++source) {
        const runtime own =
            runtime_test::built(runtime_builder().shards(4).stealing(how).rescue(never));
        std::vector<join_handle<void>> all;
        for (int i = 0; i < 300; ++i) {
            all.push_back(
                value_or_throw(own.handle().spawn_stealable_on(source, []() -> task<void> {
                    const auto end = std::chrono::steady_clock::now() + 100us;
                    while (std::chrono::steady_clock::now() < end) {
                    }
                    co_return;
                })));
        }
        for (auto& each : all)
            each.wait();
        std::uint64_t stolen = 0;
        for (unsigned shard = 0; shard < 4; ++shard)
            stolen += own.stats(shard).items_stolen;
        EXPECT_GT(stolen, 0u) << "from shard " << source;
    }
}

TEST(Stealing, AForkThatThrowsIsThrownAfterAllHaveEnded) {
    runtime own = with_shards(2);
    std::atomic<int> ended = 0;
    auto child = [&](bool throws) -> task<void> {
        co_await yield();
        ++ended;
        if (throws)
            throw std::runtime_error("fork");
    };
    auto parent = [&]() -> task<void> {
        co_await when_all(child(false), child(true), child(false));
    };
    EXPECT_THROW(value_or_throw(own.handle().spawn(placement::stealable(), parent)).wait(),
                 std::runtime_error);
    EXPECT_EQ(ended, 3);
}

// --- beside others -------------------------------------------------------------------------------

/// Tasks that are always ready hold nobody up for long, however many they are.
TEST(Stealing, APairThatWakesEachOtherGoesOnBesideManyThatAreAlwaysReady) {
    runtime own = with_shards(1);
    std::atomic<bool> ended = false;
    own.block_on([&]() -> task<void> {
        task_group group;
        std::uint64_t most_between = 0, others = 0, last = 0;
        for (int i = 0; i < 1000; ++i) {
            value_or_throw(group.spawn(placement::stealable(), [&]() -> task<void> {
                while (!ended) {
                    ++others;
                    co_await yield();
                }
            }));
        }
        for (int i = 0; i < 200; ++i) {
            co_await value_or_throw(this_runtime().spawn(placement::stealable(), value_of(i)));
            most_between = std::max(most_between, others - last);
            last = others;
        }
        ended = true;
        co_await group.join();
        // A round of all for the child, and one for the wake.
        EXPECT_LE(most_between, 3000u);
    });
}

/// The same of tasks whose awaits are always ready: one that has had its share goes behind the
/// others.
TEST(Stealing, OfTasksThatNeverYieldEachHasItsTurn) {
    for (const placement where : {placement::stealable(), placement::pinned(0)}) {
        runtime own = with_shards(1);
        own.block_on([&]() -> task<void> {
            constexpr std::size_t tasks = 100;
            constexpr std::uint64_t enough = 10'000;
            std::array<std::uint64_t, tasks> steps{};
            bool ended = false;
            task_group group;
            for (std::uint64_t& own_steps : steps) {
                value_or_throw(group.spawn(where, [&]() -> task<void> {
                    while (!ended) {
                        co_await value_of(0);
                        ended = ended || ++own_steps == enough;
                    }
                }));
            }
            co_await group.join();
            // A share is 64 such awaits.
            EXPECT_GE(*std::ranges::min_element(steps), enough - 200);
        });
    }
}

}  // namespace
}  // namespace spargio
