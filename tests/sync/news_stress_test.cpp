// What goes to everybody, and answers that come once, among two shards and a thread: each receiver
// sees an order that is everybody's, a watch ends with the last, and a select loses nothing.

#include <gtest/gtest.h>

#include <optional>

#include "spargio/core/when_any.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/select.hpp"
#include "spargio/sync/watch.hpp"
#include "spargio/time/timeout.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

struct numbered {
    unsigned sender;
    std::uint64_t number;
};

// --- one order for all ---------------------------------------------------------------------------

/// What was seen at each place of a broadcast; all have to see the same.
class common_order {
public:
    explicit common_order(std::uint64_t places) : seen_(places) {}

    /// \return whether that is what everybody else saw there.
    bool agrees(std::uint64_t place, const numbered& item) {
        const std::uint64_t mine = std::uint64_t{item.sender + 1} << 48 | item.number;
        std::uint64_t known = 0;
        return seen_[place].compare_exchange_strong(known, mine) || known == mine;
    }

private:
    std::vector<std::atomic<std::uint64_t>> seen_;
};

constexpr unsigned senders = 3;  // the last is a thread

task<void> see_all(broadcast_receiver<numbered> from, std::uint64_t places, common_order& order) {
    std::vector<std::uint64_t> next(senders);
    std::uint64_t place = 0;
    while (const auto got = co_await from.recv()) {
        place += got->missed;
        EXPECT_TRUE(order.agrees(place++, got->item));
        EXPECT_GE(got->item.number, next[got->item.sender]) << "out of its sender's order";
        next[got->item.sender] = got->item.number + 1;
    }
    EXPECT_EQ(place, places);
}

task<void> send_numbers(broadcast_sender<numbered> to, unsigned sender, std::uint64_t count) {
    for (std::uint64_t i = 0; i != count; ++i) {
        EXPECT_TRUE(to.send({sender, i}));
        if (i % 8 == 0)
            co_await yield();
    }
}

class BroadcastOrder : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(BroadcastOrder, IsTheSameForAllAndEachSenders) {
    const std::uint64_t each = stress::times(20'000);
    common_order order(senders * each);
    on_shards(2, [&]() -> task<void> {
        std::vector<join_handle<void>> tasks;
        std::optional<std::jthread> thread;
        {
            auto [to, from] = broadcast_channel<numbered>(GetParam());
            for (unsigned i = 0; i != 4; ++i)
                tasks.push_back(
                    start(placement::pinned(i % 2), see_all(from, senders * each, order)));
            for (unsigned i = 0; i + 1 != senders; ++i)
                tasks.push_back(start(placement::pinned(i), send_numbers(to, i, each)));
            thread.emplace([each, out = to]() mutable {
                for (std::uint64_t i = 0; i != each; ++i)
                    EXPECT_TRUE(out.send({senders - 1, i}));
            });
        }
        for (auto& one : tasks)
            co_await std::move(one);
    });
}

INSTANTIATE_TEST_SUITE_P(Sync, BroadcastOrder, ::testing::Values(8, 1 << 17),
                         [](const auto& tested) {
                             return tested.param == 8 ? "who_lags_misses" : "nobody_misses";
                         });

TEST(WatchStress, ReceiversSeeItGrowAndTheLastOfIt) {
    const std::uint64_t each = stress::times(40'000);
    on_shards(2, [each]() -> task<void> {
        std::vector<join_handle<void>> tasks;
        std::optional<std::jthread> thread;
        {
            auto [to, from] = watch_channel(std::uint64_t{0});
            const auto watch = [](watch_receiver<std::uint64_t> in,
                                  std::uint64_t last) -> task<void> {
                std::uint64_t seen = in.get();
                while (const auto now = co_await in.changed()) {
                    EXPECT_GT(*now, seen);
                    seen = *now;
                }
                EXPECT_EQ(seen, last);
            };
            const auto add = [](watch_sender<std::uint64_t> out,
                                std::uint64_t count) -> task<void> {
                for (std::uint64_t i = 0; i != count; ++i) {
                    out.modify([](std::uint64_t& value) { ++value; });
                    if (i % 4 == 0)
                        co_await yield();
                }
            };
            for (unsigned i = 0; i != 4; ++i)
                tasks.push_back(start(placement::pinned(i % 2), watch(from, 3 * each)));
            for (unsigned i = 0; i != 2; ++i)
                tasks.push_back(start(placement::pinned(i), add(to, each)));
            thread.emplace([each, out = to]() mutable {
                for (std::uint64_t i = 0; i != each; ++i)
                    out.modify([](std::uint64_t& value) { ++value; });
            });
        }
        for (auto& one : tasks)
            co_await std::move(one);
    });
}

// --- oneshots, alone and in selects --------------------------------------------------------------

enum class way { operations, tasks, deadlines };

using answer = oneshot_receiver<std::uint64_t>;

task<result<std::uint64_t>> receive(answer& from) {
    co_return co_await from.recv();
}

/// Receives both answers, the first of them by whatever `how` says.
task<void> receive_both(answer a, answer b, std::uint64_t number, way how) {
    std::size_t first = 2;
    result<std::uint64_t> got = failure(ECANCELED);
    if (how == way::operations) {
        auto either = co_await when_any(a.recv(), b.recv());
        first = either.index();
        got = first == 0 ? std::get<0>(either) : std::get<1>(either);
    } else if (how == way::tasks) {
        auto either = co_await when_any(receive(a), receive(b));
        first = either.index();
        got = first == 0 ? std::get<0>(either) : std::get<1>(either);
    } else {
        first = 0;
        do {
            got = co_await timeout(std::chrono::microseconds(number % 5), receive(a));
        } while (!got && got.error() == std::errc::timed_out);
    }
    EXPECT_EQ(got, first == 0 ? number : number + 1);
    const auto other = co_await (first == 0 ? b : a).recv();
    EXPECT_EQ(other, first == 0 ? number + 1 : number) << "the loser's item was lost";
}

class OneshotRace : public ::testing::TestWithParam<way> {};

TEST_P(OneshotRace, BothItemsAreReceived) {
    const std::uint64_t rounds = stress::times(3'000);
    on_shards(2, [rounds, how = GetParam()]() -> task<void> {
        const auto send = [](oneshot_sender<std::uint64_t> to, std::uint64_t number) -> task<void> {
            co_await turns(static_cast<unsigned>(number % 3));
            EXPECT_TRUE(to.send(number));
        };
        for (std::uint64_t round = 0; round != rounds; ++round) {
            auto [to_a, a] = oneshot_channel<std::uint64_t>();
            auto [to_b, b] = oneshot_channel<std::uint64_t>();
            auto receiving =
                start(placement::pinned(0), receive_both(std::move(a), std::move(b), round, how));
            auto one = start(placement::pinned(1), send(std::move(to_a), round));
            auto two = start(placement::pinned(round % 2), send(std::move(to_b), round + 1));
            co_await std::move(receiving);
            co_await std::move(one);
            co_await std::move(two);
        }
    });
}

std::string name_of(const ::testing::TestParamInfo<way>& tested) {
    return tested.param == way::operations ? "operations"
           : tested.param == way::tasks    ? "tasks"
                                           : "deadlines";
}
INSTANTIATE_TEST_SUITE_P(Sync, OneshotRace,
                         ::testing::Values(way::operations, way::tasks, way::deadlines), name_of);

// --- everything at once --------------------------------------------------------------------------

using news = result<broadcast_item<std::uint64_t>>;
using value = result<std::uint64_t>;

task<news> next_news(broadcast_receiver<std::uint64_t>& from) {
    co_return co_await from.recv();
}
task<value> next_value(watch_receiver<std::uint64_t>& from) {
    co_return co_await from.changed();
}
task<value> next_item(channel_receiver<std::uint64_t>& from) {
    co_return co_await from.recv();
}

/// Checks what one receiver sees of three sources that each count from 1 to `count`.
class reader {
public:
    explicit reader(std::uint64_t count) : count_(count) {}

    void note(const news& got) {
        if (still_open(got)) {
            EXPECT_EQ(got->item, heard_ + got->missed + 1);
            heard_ = got->item;
        }
    }
    void note_value(const value& got) {
        if (still_open(got)) {
            EXPECT_GT(*got, watched_);
            watched_ = *got;
        }
    }
    void note_item(const value& got) {
        if (still_open(got)) {
            EXPECT_EQ(*got, received_ + 1);
            received_ = *got;
        }
    }
    [[nodiscard]] bool all_open() const { return all_open_; }
    void expect_all() const {
        EXPECT_EQ(heard_, count_);
        EXPECT_EQ(watched_, count_);
        EXPECT_EQ(received_, count_);
    }

private:
    template <class Result>
    bool still_open(const Result& got) {
        if (got)
            return true;
        if (got.error() == errc::closed) {
            all_open_ = false;
        } else {
            EXPECT_TRUE(got.error() == std::errc::timed_out);
        }
        return false;
    }

    const std::uint64_t count_;
    std::uint64_t heard_ = 0, watched_ = 0, received_ = 0;
    bool all_open_ = true;
};

task<void> read_everything(broadcast_receiver<std::uint64_t> a, watch_receiver<std::uint64_t> b,
                           channel_receiver<std::uint64_t> c, std::uint64_t count, way how) {
    reader seen(count);
    for (std::uint64_t lap = 0; seen.all_open(); ++lap) {
        if (how == way::operations) {
            auto first = co_await when_any(a.recv(), b.changed(), c.recv());
            first.index() == 0   ? seen.note(std::get<0>(first))
            : first.index() == 1 ? seen.note_value(std::get<1>(first))
                                 : seen.note_item(std::get<2>(first));
        } else if (how == way::tasks) {
            auto first = co_await when_any(next_news(a), next_value(b), next_item(c));
            first.index() == 0   ? seen.note(std::get<0>(first))
            : first.index() == 1 ? seen.note_value(std::get<1>(first))
                                 : seen.note_item(std::get<2>(first));
        } else {
            const auto limit = std::chrono::microseconds(lap % 5);
            const news heard = co_await timeout(limit, next_news(a));
            seen.note(heard);
            const value watched = co_await timeout(limit, next_value(b));
            seen.note_value(watched);
            const value item = co_await timeout(limit, next_item(c));
            seen.note_item(item);
        }
    }
    while (const news left = co_await a.recv())
        seen.note(left);
    while (const value left = co_await b.changed())
        seen.note_value(left);
    while (const value left = co_await c.recv())
        seen.note_item(left);
    seen.expect_all();
}

class NewsSelect : public ::testing::TestWithParam<way> {};

TEST_P(NewsSelect, LosesNothingThatAnotherBeat) {
    const way how = GetParam();
    // Where nothing comes in time there is a sleep in between.
    const std::uint64_t count = stress::times(how == way::deadlines ? 1'000 : 10'000);
    on_shards(2, [count, how]() -> task<void> {
        std::vector<join_handle<void>> tasks;
        {
            auto [to_a, a] = broadcast_channel<std::uint64_t>(64);
            auto [to_b, b] = watch_channel(std::uint64_t{0});
            auto [to_c, c] = mpmc_channel<std::uint64_t>(4);
            const auto send =
                [](broadcast_sender<std::uint64_t> tell, watch_sender<std::uint64_t> show,
                   channel_sender<std::uint64_t> out, std::uint64_t last) -> task<void> {
                for (std::uint64_t number = 1; number <= last; ++number) {
                    EXPECT_TRUE(tell.send(number));
                    const auto sent = co_await out.send(number);
                    EXPECT_TRUE(sent);
                    EXPECT_TRUE(show.send(number));
                    if (number % 4 == 0)
                        co_await yield();
                }
            };
            tasks.push_back(start(placement::pinned(0), read_everything(a, b, c, count, how)));
            tasks.push_back(start(placement::pinned(1), send(to_a, to_b, to_c, count)));
        }
        for (auto& one : tasks)
            co_await std::move(one);
    });
}

INSTANTIATE_TEST_SUITE_P(Sync, NewsSelect,
                         ::testing::Values(way::operations, way::tasks, way::deadlines), name_of);

}  // namespace
}  // namespace spargio::sync_test
