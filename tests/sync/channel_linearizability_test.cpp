// A channel among senders and receivers on several shards is one queue: what was sent before
// something else was even begun to be sent is not received after it. With each item received once,
// that is all there is to it, as long as nobody is told that it is empty or full; who is told that
// must have met a moment at which it can have been.
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

// --- what those are told who do not wait ---------------------------------------------------------

struct call_times {
    std::uint64_t began = 0;
    std::uint64_t ended = 0;
};

/// The calls that neither sent nor received.
struct refusals {
    std::vector<call_times> empty, full, found_closed, not_sent;

    void add(const refusals& other) {
        const auto append = [](auto& to, const auto& from) {
            to.insert(to.end(), from.begin(), from.end());
        };
        append(empty, other.empty);
        append(full, other.full);
        append(found_closed, other.found_closed);
        append(not_sent, other.not_sent);
    }
};

/// How many calls met no moment at which `holds` was true. `holds(count)`: of the items that are
/// inside from `first` until `last`, count are.
template <class Holds>
std::size_t without_moment(const std::vector<call_times>& calls, const history& seen,
                           std::uint64_t passage_times::*first, std::uint64_t passage_times::*last,
                           Holds holds) {
    const std::uint64_t end = seen.clock;
    std::vector<std::int64_t> change(end + 1);
    for (const passage_times& each : seen.of_item) {
        if (each.sent == 0)
            continue;
        ++change[each.*first];
        --change[each.*last];
    }
    std::vector<std::uint64_t> next(end + 1, end + 1);  // moment at which it holds
    std::int64_t count = 0;
    for (std::uint64_t at = 0; at <= end; ++at) {
        count += change[at];
        next[at] = holds(count) ? at : end + 1;
    }
    for (std::uint64_t at = end; at != 0; --at)
        next[at - 1] = std::min(next[at - 1], next[at]);
    return static_cast<std::size_t>(std::ranges::count_if(
        calls, [&](const call_times& each) { return next[each.began] > each.ended; }));
}

/// Told that it is empty, while something was inside all the time: sent before, taken later.
std::size_t wrongly_empty(const history& seen, const std::vector<call_times>& calls) {
    return without_moment(calls, seen, &passage_times::sent, &passage_times::receive_began,
                          [](std::int64_t certain) { return certain <= 0; });
}

std::size_t wrongly_full(const history& seen, const std::vector<call_times>& calls,
                         std::uint64_t capacity) {
    return without_moment(calls, seen, &passage_times::send_began, &passage_times::received,
                          [capacity](std::int64_t possible) {
                              return possible >= static_cast<std::int64_t>(capacity);
                          });
}

TEST(ChannelLinearizability, TheCheckFindsWhatWasNeitherEmptyNorFull) {
    history seen(2);
    seen.clock = 12;
    seen.of_item = {{1, 2, 7, 8}, {5, 6, 10, 11}};
    EXPECT_EQ(wrongly_empty(seen, {{3, 4}}), 1u);
    EXPECT_EQ(wrongly_empty(seen, {{3, 9}}), 1u) << "one or the other was inside";
    EXPECT_EQ(wrongly_empty(seen, {{0, 4}}), 0u);
    EXPECT_EQ(wrongly_empty(seen, {{9, 12}}), 0u);
    EXPECT_EQ(wrongly_full(seen, {{3, 4}}, 2), 1u);
    EXPECT_EQ(wrongly_full(seen, {{3, 6}}, 2), 0u);
    EXPECT_EQ(wrongly_full(seen, {{9, 12}}, 2), 1u);
    EXPECT_EQ(wrongly_full(seen, {{9, 12}}, 1), 0u);
}

/// Sends each in its turn without waiting, until it is closed.
refusals try_send_each(channel_sender<std::size_t>& to, std::size_t first, std::size_t step,
                       history& seen, std::size_t& next, unsigned calls) {
    refusals told;
    for (std::size_t& i = next; calls != 0 && first + i * step < seen.of_item.size(); --calls) {
        passage_times& of_it = seen.of_item[first + i * step];
        const std::uint64_t began = seen.clock.fetch_add(1);
        const auto sent = to.try_send(first + i * step);
        const std::uint64_t ended = seen.clock.fetch_add(1);
        if (sent) {
            of_it.send_began = began;
            of_it.sent = ended;
            ++i;
        } else if (sent.error().code == errc::closed) {
            told.not_sent.push_back({began, ended});
            i = seen.of_item.size();
            break;
        } else {
            told.full.push_back({began, ended});
            break;
        }
    }
    return told;
}

task<refusals> keep_trying_to_send(channel_sender<std::size_t> to, std::size_t first,
                                   std::size_t step, history& seen) {
    refusals told;
    for (std::size_t next = 0; first + next * step < seen.of_item.size();) {
        told.add(try_send_each(to, first, step, seen, next, 20));
        co_await yield();
    }
    co_return told;
}

task<refusals> keep_trying_to_receive(channel_receiver<std::size_t> from, history& seen) {
    refusals told;
    for (unsigned calls = 1;; ++calls) {
        const std::uint64_t began = seen.clock.fetch_add(1);
        const auto got = from.try_recv();
        const std::uint64_t ended = seen.clock.fetch_add(1);
        if (got) {
            passage_times& of_it = seen.of_item[*got];
            EXPECT_EQ(of_it.received, 0u) << "it came twice";
            of_it.receive_began = began;
            of_it.received = ended;
        } else if (got.error() == errc::closed) {
            told.found_closed.push_back({began, ended});
            co_return told;
        } else {
            told.empty.push_back({began, ended});
        }
        if (!got || calls % 20 == 0)
            co_await yield();
    }
}

class ChannelTries : public ::testing::TestWithParam<setting> {};

TEST_P(ChannelTries, AreRefusedForAReasonAndClosedForEver) {
    constexpr unsigned of_each = 3;
    const setting how = GetParam();
    history seen(stress::times(60'000));
    refusals told;
    call_times closing;
    std::uint64_t capacity = 0;
    on_shards(how.shards, [&]() -> task<void> {
        std::vector<join_handle<refusals>> tasks;
        auto [to, from] = mpmc_channel<std::size_t>(how.capacity);
        capacity = to.capacity();
        for (unsigned i = 0; i < of_each; ++i) {
            const auto where =
                how.stealable ? placement::stealable() : placement::pinned(i % how.shards);
            tasks.push_back(start(where, keep_trying_to_send(to, i, of_each, seen)));
            tasks.push_back(start(where, keep_trying_to_receive(from, seen)));
        }
        // In the middle of it, for what is sent takes three calls to the clock and more.
        co_await until([&] { return seen.clock.load() > 3 * seen.of_item.size(); });
        closing.began = seen.clock.fetch_add(1);
        from.close();
        closing.ended = seen.clock.fetch_add(1);
        for (auto& one : tasks)
            told.add(co_await std::move(one));
    });
    for (const passage_times& each : seen.of_item) {
        EXPECT_EQ(each.sent == 0, each.received == 0) << "accepted, but not received";
        EXPECT_LT(each.send_began, closing.ended) << "sent into a closed channel";
    }
    std::erase_if(seen.of_item, [](const passage_times& each) { return each.sent == 0; });
    EXPECT_EQ(overtakings(seen.of_item), 0u);
    EXPECT_EQ(wrongly_empty(seen, told.empty), 0u) << "of " << told.empty.size();
    EXPECT_EQ(wrongly_full(seen, told.full, capacity), 0u) << "of " << told.full.size();
    EXPECT_EQ(wrongly_empty(seen, told.found_closed), 0u) << "closed, with items left";
    EXPECT_EQ(told.found_closed.size(), of_each);
    for (const auto* refused : {&told.found_closed, &told.not_sent}) {
        for (const call_times& each : *refused)
            EXPECT_GT(each.ended, closing.began) << "closed before anybody closed it";
    }
    for (const call_times& end : told.found_closed) {
        EXPECT_TRUE(std::ranges::all_of(seen.of_item, [&](const passage_times& each) {
            return each.receive_began < end.ended;
        })) << "something came after the end";
    }
}

INSTANTIATE_TEST_SUITE_P(Sync, ChannelTries,
                         ::testing::Values(setting{1, false, 2}, setting{4, false, 2},
                                           setting{4, true, 3}, setting{64, false, 3}),
                         [](const auto& tested) {
                             return "capacity_" + std::to_string(tested.param.capacity) +
                                    (tested.param.stealable ? "_stealable" : "_pinned") +
                                    "_shards_" + std::to_string(tested.param.shards);
                         });

}  // namespace
}  // namespace spargio::sync_test
