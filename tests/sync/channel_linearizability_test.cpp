// A channel among senders and receivers on several shards is one queue: what was sent before
// something else was even begun to be sent is not received after it. With each item received once,
// that is all there is to it, as long as nobody is told that it is empty or full.
// Source: Henzinger, Sezgin and Vafeiadis, "Aspect-Oriented Linearizability Proofs" (CONCUR 2013).

#include <gtest/gtest.h>

#include <algorithm>

#include "spargio/sync/channel.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

/// When an item was sent and received, by one count for all: from a call's beginning to its end.
struct passage_times {
    std::uint64_t send_began = 0;
    std::uint64_t sent = 0;
    std::uint64_t receive_began = 0;
    std::uint64_t received = 0;
};

/// How many items came out, wholly, before a call began that received one sent wholly before them.
std::size_t overtakings(std::vector<passage_times> items) {
    auto by_begin = items;
    std::ranges::sort(items, {}, &passage_times::sent);
    std::ranges::sort(by_begin, {}, &passage_times::send_began);
    std::size_t found = 0;
    std::uint64_t latest = 0;  // call that received one of those sent before
    auto before = items.begin();
    for (const passage_times& each : by_begin) {
        for (; before != items.end() && before->sent < each.send_began; ++before)
            latest = std::max(latest, before->receive_began);
        found += each.received < latest ? 1 : 0;
    }
    return found;
}

TEST(ChannelLinearizability, TheCheckFindsAnItemThatWasOvertaken) {
    EXPECT_EQ(overtakings({{1, 2, 5, 6}, {3, 4, 7, 8}}), 0u);
    EXPECT_EQ(overtakings({{1, 2, 7, 8}, {3, 4, 5, 6}}), 1u);
    EXPECT_EQ(overtakings({{1, 3, 7, 8}, {2, 4, 5, 6}}), 0u) << "they were sent at a time";
    EXPECT_EQ(overtakings({{1, 2, 6, 8}, {3, 4, 5, 7}}), 0u) << "they were received at a time";
}

struct history {
    explicit history(std::size_t items) : of_item(items) {}

    std::atomic<std::uint64_t> clock = 1;
    std::vector<passage_times> of_item;
};

task<void> send_each(channel_sender<std::size_t> to, std::size_t first, std::size_t step,
                     history& seen) {
    for (std::size_t i = first; i < seen.of_item.size(); i += step) {
        const std::uint64_t began = seen.clock.fetch_add(1);
        // It may be received before this goes on: the receiver writes to other members.
        EXPECT_TRUE(co_await to.send(i));
        seen.of_item[i].send_began = began;
        seen.of_item[i].sent = seen.clock.fetch_add(1);
    }
}

task<void> receive_all(channel_receiver<std::size_t> from, history& seen) {
    while (true) {
        const std::uint64_t began = seen.clock.fetch_add(1);
        const auto got = co_await from.recv();
        if (!got)
            break;
        passage_times& of_it = seen.of_item[*got];
        EXPECT_EQ(of_it.received, 0u) << "it came twice";
        of_it.receive_began = began;
        of_it.received = seen.clock.fetch_add(1);
    }
}

struct setting {
    std::uint64_t capacity;
    bool stealable;
    unsigned shards;
};

class ChannelLinearizability : public ::testing::TestWithParam<setting> {};

TEST_P(ChannelLinearizability, NothingOvertakes) {
    constexpr unsigned of_each = 4;
    const setting how = GetParam();
    history seen(stress::times(20'000));
    on_shards(how.shards, [&]() -> task<void> {
        std::vector<join_handle<void>> tasks;
        {
            auto [to, from] = mpmc_channel<std::size_t>(how.capacity);
            for (unsigned i = 0; i < of_each; ++i) {
                const auto where =
                    how.stealable ? placement::stealable() : placement::pinned(i % how.shards);
                tasks.push_back(start(where, send_each(to, i, of_each, seen)));
                tasks.push_back(start(where, receive_all(from, seen)));
            }
        }
        for (auto& one : tasks)
            co_await std::move(one);
    });
    EXPECT_TRUE(std::ranges::all_of(seen.of_item, [](const passage_times& each) {
        return each.sent != 0 && each.received != 0;
    }));
    EXPECT_EQ(overtakings(seen.of_item), 0u);
}

INSTANTIATE_TEST_SUITE_P(Sync, ChannelLinearizability,
                         ::testing::Values(setting{1, false, 3}, setting{4, false, 2},
                                           setting{4, true, 3}, setting{1024, false, 2},
                                           setting{1024, true, 2}),
                         [](const auto& tested) {
                             return "capacity_" + std::to_string(tested.param.capacity) +
                                    (tested.param.stealable ? "_stealable" : "_pinned") +
                                    "_shards_" + std::to_string(tested.param.shards);
                         });

}  // namespace
}  // namespace spargio::sync_test
