// this_shard, messages between shards and from elsewhere, yield().

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "entry.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using runtime_test::built;
using runtime_test::with_shards;

TEST(ThisShard, KnowsItsNumberItsRuntimeAndItsNeighbours) {
    runtime own = with_shards(3);
    for (unsigned shard = 0; shard < 3; ++shard) {
        own.block_on(shard, [shard]() -> task<void> {
            EXPECT_EQ(this_shard::id(), shard);
            EXPECT_EQ(this_shard::handle().shard_count(), 3u);
            EXPECT_EQ(this_runtime().shard_count(), 3u);
            for (unsigned other = 0; other < 3; ++other)
                EXPECT_EQ(this_shard::remote(other).index(), other);
            EXPECT_EQ(this_runtime().remote(3).error(), errc::no_such_shard);
            co_return;
        });
    }
    EXPECT_EQ(own.handle().remote(3).error(), errc::no_such_shard);
}

TEST(Messages, ArriveInTheOrderOfTheirSource) {
    runtime own = with_shards(2);
    constexpr std::uint64_t count = 5000;
    auto receiver = own.handle().spawn(placement::pinned(1), []() -> task<std::uint64_t> {
        std::uint64_t in_order = 0;
        for (std::uint64_t expected = 0; expected < count; ++expected) {
            const auto received = co_await this_shard::next_event();
            in_order += received && received->source == 0 && received->tag == 9 &&
                        received->value == expected;
        }
        co_return in_order;
    });
    own.block_on([]() -> task<void> {
        const remote_shard target = this_shard::remote(1);
        for (std::uint64_t value = 0; value < count; ++value) {
            while (!co_await target.send_raw(9, value))
                co_await yield();
        }
        EXPECT_TRUE(co_await target.flush());
    });
    EXPECT_EQ(receiver->wait(), count);
}

TEST(Messages, ToTheOwnShard) {
    runtime own = with_shards(1);
    own.block_on([]() -> task<void> {
        EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(3, 4));
        const auto received = co_await this_shard::next_event();
        EXPECT_EQ(received->source, 0u);
        EXPECT_EQ(received->tag, 3u);
        EXPECT_EQ(received->value, 4u);
    });
}

TEST(Messages, ThreadsAndOtherRuntimesHaveNoShardNumber) {
    runtime own = with_shards(1);
    runtime other = with_shards(2);
    const auto target = *own.handle().remote(0);
    const auto next_source = [&] {
        return own.block_on(
            []() -> task<unsigned> { co_return (co_await this_shard::next_event())->source; });
    };
    EXPECT_TRUE(target.send_raw_nowait(1, 1));
    EXPECT_EQ(next_source(), message::no_shard);
    other.block_on(1, [&]() -> task<void> {
        EXPECT_TRUE(co_await target.send_raw(1, 1));
        EXPECT_TRUE(co_await target.flush());
    });
    EXPECT_EQ(next_source(), message::no_shard);
}

TEST(Messages, TwoRuntimesTalkToEachOther) {
    runtime first = with_shards(2);
    runtime second = with_shards(2);
    constexpr int rounds = 300;
    // Each side wakes the other, asleep or not, through a ring that is not its neighbour's.
    const auto play = [](runtime_handle other, bool serves) -> task<int> {
        const remote_shard target = *other.remote(1);
        int received = 0;
        for (int round = 0; round < rounds; ++round) {
            if (serves || round > 0) {
                EXPECT_TRUE(target.send_raw_nowait(1, 1));
            }
            received += (co_await this_shard::next_event()).has_value();
        }
        if (!serves) {
            EXPECT_TRUE(target.send_raw_nowait(1, 1));
        }
        co_return received;
    };
    auto one = first.handle().spawn(placement::pinned(1), play(second.handle(), true));
    auto two = second.handle().spawn(placement::pinned(1), play(first.handle(), false));
    EXPECT_EQ(one->wait() + two->wait(), 2 * rounds);
}

TEST(Messages, AClosedRuntimeTakesNoneAndSendersFromAnotherAreNotHarmed) {
    runtime living = with_shards(1);
    std::optional<remote_shard> target;
    {
        const runtime gone = with_shards(2);
        target = *gone.handle().remote(1);
        EXPECT_TRUE(target->send_raw_nowait(1, 1));
    }
    EXPECT_EQ(target->send_raw_nowait(1, 1).error(), errc::shut_down);
    EXPECT_EQ(living.block_on([&]() -> task<std::error_code> {
        EXPECT_TRUE(co_await target->flush());
        co_return target->send_raw_nowait(1, 1).error();
    }),
              errc::shut_down);
}

TEST(Messages, SendersRaceTheShutdown) {
    for (int round = 0; round < 50; ++round) {
        runtime own = with_shards(2);
        std::vector<std::thread> senders;
        for (int number = 0; number < 3; ++number) {
            senders.emplace_back([target = *own.handle().remote(1)] {
                for (;;) {
                    const auto sent = target.send_raw_nowait(1, 1);
                    if (!sent && sent.error() == errc::shut_down)
                        return;
                }
            });
        }
        own.shutdown_blocking();
        for (std::thread& sender : senders)
            sender.join();
    }
}

TEST(Messages, WhoWaitsIsStopped) {
    runtime own = with_shards(1);
    auto waiting = own.handle().spawn(placement::pinned(0), []() -> task<bool> {
        const auto received = co_await this_shard::next_event();
        co_return !received && received.error() == std::errc::operation_canceled;
    });
    waiting->request_stop();
    EXPECT_TRUE(waiting->wait());
}

TEST(Yield, LetsEverybodyElseRunFirst) {
    runtime own = with_shards(1);
    const auto order = own.block_on([]() -> task<std::vector<int>> {
        std::vector<int> seen;
        const auto runner = [&seen](int number) -> task<void> {
            for (int lap = 0; lap < 3; ++lap) {
                seen.push_back(number);
                co_await yield();
            }
        };
        co_await when_all(runner(1), runner(2), runner(3));
        co_return seen;
    });
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

TEST(Yield, SpawnedTasksStartInTheirOrder) {
    runtime own = with_shards(1);
    const auto order = own.block_on([]() -> task<std::vector<int>> {
        std::vector<int> seen;
        std::vector<join_handle<void>> tasks;
        for (int number = 0; number < 5; ++number) {
            tasks.push_back(*this_shard::spawn([&seen, number]() -> task<void> {
                seen.push_back(number);
                co_return;
            }));
        }
        EXPECT_TRUE(seen.empty());
        for (auto& each : tasks)
            co_await each;
        co_return seen;
    });
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace spargio
