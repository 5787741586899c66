// Channels under load keep their promises: each item is received once, those of one sender reach
// each receiver in their order, and there are never more than the channel holds.

#include <gtest/gtest.h>

#include <algorithm>

#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/testing/random_source.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

constexpr unsigned senders = 5;

struct item {
    unsigned sender;
    std::uint64_t number;
};

struct load {
    std::uint64_t capacity;
    unsigned receivers;
    bool stealable;
    // With as many as there are CPUs they may spin, and tasks look out before they wait.
    unsigned shards = 3;
};

struct ledger {
    explicit ledger(std::uint64_t each)
        : received{std::vector<std::atomic<int>>(each), std::vector<std::atomic<int>>(each),
                   std::vector<std::atomic<int>>(each), std::vector<std::atomic<int>>(each),
                   std::vector<std::atomic<int>>(each)} {}

    std::vector<std::atomic<int>> received[senders];
    std::atomic<std::int64_t> inside = 0;  // at most what is in the channel
    std::atomic<std::int64_t> most = 0;
    std::atomic<std::uint64_t> out_of_order = 0;
};

task<void> send_numbers(channel_sender<item> to, unsigned who, std::uint64_t count, ledger& book) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto sent = co_await to.send({who, i});
        EXPECT_TRUE(sent);
        const std::int64_t now = book.inside.fetch_add(1) + 1;
        for (std::int64_t most = book.most; now > most;) {
            if (book.most.compare_exchange_weak(most, now))
                break;
        }
    }
}

void note(ledger& book, std::vector<std::uint64_t>& next, const item& got) {
    book.inside.fetch_sub(1);
    ++book.received[got.sender][got.number];
    if (got.number < next[got.sender])
        ++book.out_of_order;
    next[got.sender] = got.number + 1;
}

task<void> receive_numbers(channel_receiver<item> from, ledger& book) {
    std::vector<std::uint64_t> next(senders);
    while (true) {
        const auto got = co_await from.recv();
        if (!got)
            break;
        note(book, next, *got);
    }
}

class ChannelStress : public ::testing::TestWithParam<load> {};

TEST_P(ChannelStress, EachItemOnceInItsSendersOrderAndNeverTooMany) {
    const load how = GetParam();
    const std::uint64_t each = stress::times(20'000);
    ledger book(each);
    on_shards(how.shards, [&]() -> task<void> {
        std::vector<join_handle<void>> tasks;
        std::jthread foreign;
        {
            auto [to, from] = mpmc_channel<item>(how.capacity);
            const auto where = [&](unsigned i) {
                return how.stealable ? placement::stealable() : placement::pinned(i % how.shards);
            };
            for (unsigned i = 0; i < how.receivers; ++i)
                tasks.push_back(start(where(i), receive_numbers(from, book)));
            for (unsigned i = 0; i + 1 < senders; ++i)
                tasks.push_back(start(where(i), send_numbers(to, i, each, book)));
            // One sender is a thread that cannot wait.
            foreign = std::jthread([&book, each, out = to]() mutable {
                for (std::uint64_t i = 0; i < each;) {
                    if (out.try_send({senders - 1, i})) {
                        ++i;
                        book.inside.fetch_add(1);
                    } else {
                        std::this_thread::yield();
                    }
                }
            });
        }
        for (auto& one : tasks)
            co_await std::move(one);
    });
    EXPECT_EQ(book.out_of_order, 0u);
    for (const auto& numbers : book.received) {
        EXPECT_EQ(std::ranges::count_if(numbers, [](const auto& one) { return one != 1; }), 0);
    }
    // Counted in after it was sent and out after it was received: at most one too many a receiver.
    EXPECT_LE(book.most, static_cast<std::int64_t>(how.capacity + how.receivers));
    EXPECT_EQ(book.inside, 0);
}

INSTANTIATE_TEST_SUITE_P(Sync, ChannelStress,
                         ::testing::Values(load{1, 1, false}, load{1, 3, false}, load{2, 3, true},
                                           load{4, 6, false}, load{64, 1, true}, load{64, 3, false},
                                           load{1024, 3, true}, load{2, 2, false, 2},
                                           load{64, 4, true, 2}, load{1024, 1, false, 2}),
                         [](const auto& tested) {
                             return "capacity_" + std::to_string(tested.param.capacity) +
                                    "_receivers_" + std::to_string(tested.param.receivers) +
                                    (tested.param.stealable ? "_stealable" : "_pinned") +
                                    (tested.param.shards == 2 ? "_two_shards" : "");
                         });

/// Tasks that are stopped in the middle of sends and receives: an item is in the channel, with who
/// received it, or back with who sent it.
TEST(ChannelStress, StopsLoseAndDoubleNothing) {
    const std::uint64_t rounds = stress::times(4'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        testing::random_source random(seed);
        auto [to, from] = mpmc_channel<std::uint64_t>(2);
        std::atomic<std::uint64_t> received = 0;
        std::atomic<std::uint64_t> sent = 0;
        const auto send_few = [](channel_sender<std::uint64_t> out,
                                 std::atomic<std::uint64_t>& sum) -> task<void> {
            for (std::uint64_t i = 1; i <= 8; ++i) {
                const auto answer = co_await out.send(i);
                if (!answer) {
                    EXPECT_TRUE(cancelled(answer.error().code));
                    EXPECT_EQ(answer.error().item, i);
                    co_return;
                }
                sum += i;
            }
        };
        const auto receive_few = [](channel_receiver<std::uint64_t> in,
                                    std::atomic<std::uint64_t>& sum) -> task<void> {
            for (int i = 0; i < 8; ++i) {
                const auto got = co_await in.recv();
                if (!got) {
                    EXPECT_TRUE(cancelled(got.error()));
                    co_return;
                }
                sum += *got;
            }
        };
        for (std::uint64_t round = 0; round < rounds; ++round) {
            std::vector<join_handle<void>> tasks;
            for (unsigned i = 0; i < 4; ++i) {
                const auto where = i == 3 ? placement::stealable() : placement::pinned((i + 1) % 2);
                tasks.push_back(i % 2 == 0 ? start(where, send_few(to, sent))
                                           : start(where, receive_few(from, received)));
            }
            const auto stop_in_turn = [](std::vector<join_handle<void>>& running,
                                         std::uint64_t turns_first) -> task<void> {
                co_await turns(static_cast<unsigned>(turns_first));
                for (auto& each : running)
                    each.request_stop();
            };
            auto stopping = start(placement::pinned(static_cast<unsigned>(random.below(2))),
                                  stop_in_turn(tasks, random.below(6)));
            co_await std::move(stopping);
            for (auto& each : tasks)
                co_await std::move(each);
            while (const auto left = from.try_recv())
                received += *left;
            EXPECT_EQ(received, sent);
            EXPECT_EQ(to.size(), 0u);
            // Nobody left a trace in the lines.
            EXPECT_TRUE(to.try_send(0));
            EXPECT_TRUE(from.try_recv());
        }
    });
}

TEST(BroadcastStress, ReceivedAndMissedAddUp) {
    const std::uint64_t count = stress::times(50'000);
    constexpr unsigned shards = 3;
    on_shards(shards, [&]() -> task<void> {
        auto [to, from] = broadcast_channel<std::uint64_t>(8);
        const auto receive = [](broadcast_receiver<std::uint64_t> in) -> task<std::uint64_t> {
            std::uint64_t next = 0;
            while (true) {
                const auto got = co_await in.recv();
                if (!got)
                    co_return next;
                EXPECT_EQ(got->item, next + got->missed);
                next = got->item + 1;
            }
        };
        std::vector<join_handle<std::uint64_t>> receiving;
        for (unsigned i = 0; i < 5; ++i)
            receiving.push_back(start(
                i == 4 ? placement::stealable() : placement::pinned(i % shards), receive(from)));
        for (std::uint64_t i = 0; i < count; ++i) {
            EXPECT_TRUE(to.send(i));
            if (i % 16 == 0)
                co_await yield();
        }
        { auto gone = std::move(to); }
        for (auto& each : receiving)
            EXPECT_EQ(co_await std::move(each), count);
    });
}

}  // namespace
}  // namespace spargio::sync_test
