// Tags with a lane of their own, and tags whose messages add up.

#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

#include "../stress/scale.hpp"
#include "entry.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/shard/hot_counts.hpp"

namespace spargio {
namespace {

using runtime_test::built;

constexpr std::uint32_t plain = 1, hot = 2, hits = 3, misses = 4;
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

runtime with_hot_tags(unsigned shards, std::uint64_t threshold = 1, unsigned capacity = 64) {
    return built(runtime_builder()
                     .shards(shards)
                     .mailbox_capacity(capacity)
                     .hot_tags({hot, 77})
                     .coalesced_hot_tags({{hits, threshold}, {misses, 1}}));
}

TEST(TagTable, FindsEveryTagAndNoOther) {
    std::vector<std::uint32_t> tags;
    std::vector<coalesced_tag> coalesced;
    for (std::uint32_t i = 0; i < 64; ++i) {
        tags.push_back(i * 256);  // they gather in few places
        coalesced.push_back({i * 256 + 1, i + 1});
    }
    const detail::tag_table table(tags, coalesced);
    using kind = detail::tag_table::kind;
    for (std::uint32_t i = 0; i < 64; ++i) {
        EXPECT_EQ(table.find(i * 256).is, kind::hot);
        EXPECT_EQ(table.find(i * 256 + 1).is, kind::coalesced);
        EXPECT_EQ(table.find(i * 256 + 1).number, i);
        EXPECT_EQ(table.find(i * 256 + 2).is, kind::ordinary);
    }
    EXPECT_EQ(table.find(~0u).is, kind::ordinary);
}

TEST(HotTags, HaveALaneThatNothingElseWaitsIn) {
    runtime own = with_hot_tags(2);
    for (const bool from_a_shard : {false, true}) {
        const auto send = [target = *own.handle().remote(1)] {
            for (std::uint64_t value = 0; value < 64; ++value)
                EXPECT_TRUE(target.send_raw_nowait(plain, value));
            EXPECT_EQ(target.send_raw_nowait(plain, 64).error(), errc::backpressure);
            EXPECT_TRUE(target.send_raw_nowait(hot, 7));
            EXPECT_TRUE(target.send_raw_nowait(77, 8));
            // Up to the first that finds no room.
            const raw_message mixed[] = {{hot, 9}, {hits, 2}, {plain, 1}, {hot, 10}};
            EXPECT_EQ(target.send_many_nowait(mixed), 2u);
        };
        if (from_a_shard) {
            own.block_on(0, [&]() -> task<void> {
                send();
                co_return;
            });
        } else {
            send();
        }
        own.block_on(1, []() -> task<void> {
            EXPECT_EQ((co_await this_shard::next_hot_event())->value, 7u);
            std::vector<message> room(64);
            EXPECT_EQ(co_await this_shard::next_hot_events(room), 2u);
            EXPECT_EQ(room[0].tag, 77u);
            EXPECT_EQ(room[1].value, 9u);
            EXPECT_EQ(co_await this_shard::next_events(room), 64u);
            EXPECT_EQ(room[63].value, 63u);
            EXPECT_EQ(this_shard::try_take_hot_count(hits), 2u);
            EXPECT_EQ(this_shard::try_take_hot_count(hits), 0u);
        });
    }
}

TEST(HotTags, OneThatIsNotCoalescedHasNoCount) {
    runtime own = with_hot_tags(1);
    own.block_on([]() -> task<void> {
        for (const std::uint32_t tag : {plain, hot}) {
            EXPECT_EQ(this_shard::try_take_hot_count(tag).error(), std::errc::invalid_argument);
            EXPECT_EQ((co_await this_shard::next_hot_count(tag)).error(),
                      std::errc::invalid_argument);
        }
    });
    runtime without = runtime_test::with_shards(1);
    without.block_on([]() -> task<void> {
        EXPECT_EQ(this_shard::try_take_hot_count(hits).error(), std::errc::invalid_argument);
        co_return;
    });
}

/// Two shards and two threads add to one count, of a shard that takes it now this way, now that.
TEST(HotCounts, NothingThatWasAddedIsLost) {
    runtime own = with_hot_tags(3, 5, 2);
    const std::uint64_t each = stress::times(30'000);
    const auto sending = [](std::uint64_t count) -> task<void> {
        const remote_shard target = this_shard::remote(2);
        for (std::uint64_t i = 0; i < count; ++i) {
            EXPECT_TRUE(target.send_raw_nowait(hits, i % 3));
            if (i % 64 == 0)
                co_await yield();
        }
    };
    auto taking = own.handle().spawn(placement::pinned(2), [each]() -> task<void> {
        std::uint64_t sum = 0;
        while (sum != 4 * each) {
            sum += *co_await this_shard::next_hot_count(hits);
            sum += *this_shard::try_take_hot_count(hits);
            EXPECT_LE(sum, 4 * each);
        }
    });
    auto first = own.handle().spawn(placement::pinned(0), sending(each));
    auto second = own.handle().spawn(placement::pinned(1), sending(each));
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 2; ++thread) {
        threads.emplace_back([each, target = *own.handle().remote(2)] {
            for (std::uint64_t i = 0; i < each; ++i)
                EXPECT_TRUE(target.send_raw_nowait(hits, i % 3));
        });
    }
    taking->wait();
    first->wait();
    second->wait();
}

/// A sum that does not fit is never there: an addition is refused, or waits for the next take.
TEST(HotCounts, SumsNeitherOverflowNorLoseAnything) {
    runtime own = with_hot_tags(2);
    const auto outside = *own.handle().remote(1);
    EXPECT_TRUE(outside.send_raw_nowait(hits, most - 1));
    EXPECT_EQ(outside.send_raw_nowait(hits, 2).error(), errc::backpressure);
    EXPECT_TRUE(outside.send_raw_nowait(hits, 1));
    own.block_on(0, []() -> task<void> {
        const remote_shard target = this_shard::remote(1);
        EXPECT_TRUE(target.send_raw_nowait(hits, most));
        EXPECT_TRUE(target.send_raw_nowait(hits, 0));
        EXPECT_EQ(target.send_raw_nowait(hits, 1).error(), errc::backpressure);
        EXPECT_TRUE(target.send_raw_nowait(misses, 1));
        co_return;
    });
    EXPECT_EQ(own.handle().stats(0).messages_backpressured, 1u);
    EXPECT_EQ(own.handle().stats(1).messages_backpressured, 1u);
    own.block_on(1, []() -> task<void> {
        EXPECT_EQ(co_await this_shard::next_hot_count(hits), most);
        EXPECT_EQ(co_await this_shard::next_hot_count(hits), most);
        EXPECT_EQ(this_shard::try_take_hot_count(hits), 0u);
        EXPECT_EQ(this_shard::try_take_hot_count(misses), 1u);
    });
    own.block_on(0, []() -> task<void> {
        EXPECT_TRUE(this_shard::remote(1).send_raw_nowait(hits, most));
        co_return;
    });
    EXPECT_TRUE(outside.send_raw_nowait(hits, most));
}

TEST(HotCounts, ALoneAdditionBelowTheThresholdWakesASleeper) {
    runtime own = with_hot_tags(2, most);
    auto waiting = own.handle().spawn(placement::pinned(1), []() -> task<std::uint64_t> {
        co_return *co_await this_shard::next_hot_count(hits);
    });
    own.block_on(0, []() -> task<void> {
        EXPECT_TRUE(this_shard::remote(1).send_raw_nowait(hits, 1));
        co_return;
    });
    EXPECT_EQ(waiting->wait(), 1u);
}

TEST(HotCounts, WhoWaitsIsServedAtTheThresholdAndWithinAFewTurnsOfABusyShard) {
    runtime own = with_hot_tags(1, 100);
    own.block_on([]() -> task<void> {
        const remote_shard here = this_shard::remote(0);
        const auto turns_until_taken = [&](std::uint64_t added) -> task<unsigned> {
            auto waiting = *this_shard::spawn([]() -> task<std::uint64_t> {
                co_return *co_await this_shard::next_hot_count(hits);
            });
            for (int turn = 0; turn < 3; ++turn)
                co_await yield();
            EXPECT_TRUE(here.send_raw_nowait(hits, added));
            unsigned turns = 0;
            for (; !waiting.is_done(); ++turns)
                co_await yield();
            EXPECT_EQ(co_await waiting, added);
            co_return turns;
        };
        EXPECT_LE(co_await turns_until_taken(100), 3u);
        const unsigned held = co_await turns_until_taken(99);
        EXPECT_GE(held, detail::hot_counts::most_services_held);
        EXPECT_LE(held, detail::hot_counts::most_services_held + 3);
    });
}

TEST(HotCounts, ThoseWhoWaitAreServedInTurn) {
    runtime own = with_hot_tags(1);
    own.block_on([]() -> task<void> {
        const auto waiter = [](std::uint32_t tag) -> task<std::uint64_t> {
            co_return *co_await this_shard::next_hot_count(tag);
        };
        auto first = *this_shard::spawn(waiter(hits));
        auto second = *this_shard::spawn(waiter(hits));
        auto other = *this_shard::spawn(waiter(misses));
        const remote_shard here = this_shard::remote(0);
        co_await yield();
        EXPECT_TRUE(here.send_raw_nowait(misses, 3));
        EXPECT_EQ(co_await other, 3u);
        EXPECT_TRUE(here.send_raw_nowait(hits, 1));
        EXPECT_EQ(co_await first, 1u);
        EXPECT_FALSE(second.is_done());
        EXPECT_TRUE(here.send_raw_nowait(hits, 2));
        EXPECT_EQ(co_await second, 2u);
    });
}

}  // namespace
}  // namespace spargio
