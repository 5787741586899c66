// Channels that end from the receiver's end: with items left, with senders who wait, and while
// others send. What was accepted is received or dropped, once; what was not comes back.

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "spargio/core/pause.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/watch.hpp"
#include "spargio/testing/random_source.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

/// Counts how many there are: a copy is one more. To move it may take a while, in which others meet
/// a place in the channel that is claimed and not yet filled.
class counted {
public:
    explicit counted(std::atomic<int>& living, std::uint64_t number = 0)
        : living_(&living), number_(number) {
        ++*living_;
    }
    counted(const counted& other) : counted(*other.living_, other.number_) {}
    counted(counted&& other) noexcept : counted(other) {
        detail::pause_for(number_ % 4 == 0 ? static_cast<int>(number_ % 64) : 0);
    }
    counted& operator=(const counted& other) noexcept {
        number_ = other.number_;
        return *this;
    }
    counted& operator=(counted&& other) noexcept { return *this = std::as_const(other); }
    ~counted() { --*living_; }

    [[nodiscard]] std::uint64_t number() const { return number_; }

private:
    std::atomic<int>* living_;
    std::uint64_t number_;
};

task<std::error_code> send_and_have_it_back(channel_sender<counted> to, counted item) {
    const std::uint64_t number = item.number();
    const auto answer = co_await to.send(std::move(item));
    if (answer)
        co_return std::error_code();
    EXPECT_EQ(answer.error().item.number(), number);
    co_return answer.error().code;
}

/// What is left is received after close(); who waits to send is told.
template <class Receiver>
task<void> close_with_items_and_senders(channel_sender<counted> to, Receiver from,
                                        std::atomic<int>& living) {
    EXPECT_TRUE(to.try_send(counted(living, 1)));
    EXPECT_TRUE(to.try_send(counted(living, 2)));
    std::vector<join_handle<std::error_code>> waiting;
    for (unsigned i = 0; i != 4; ++i)
        waiting.push_back(
            start(placement::pinned(i % 2), send_and_have_it_back(to, counted(living, i))));
    co_await turns(20);
    from.close();
    for (auto& each : waiting)
        EXPECT_EQ(co_await std::move(each), errc::closed);
    EXPECT_TRUE(from.is_closed() && to.is_closed());
    EXPECT_EQ(to.try_send(counted(living, 3)).error().code, errc::closed);
    EXPECT_EQ(living, 2);
    const result<counted> first = co_await from.recv();
    EXPECT_EQ(first->number(), 1u);
    EXPECT_EQ(from.try_recv()->number(), 2u);
    const result<counted> none = co_await from.recv();
    EXPECT_EQ(none.error(), errc::closed);
    EXPECT_EQ(from.try_recv().error(), errc::closed);
    from.close();
    EXPECT_EQ(living, 1) << "the one that is held here";
}

/// A receiver that goes takes what is left with it, and senders who wait are told.
template <class Receiver>
task<void> leave_with_items_and_senders(channel_sender<counted> to, Receiver from,
                                        std::atomic<int>& living) {
    EXPECT_TRUE(to.try_send(counted(living, 1)));
    EXPECT_TRUE(to.try_send(counted(living, 2)));
    std::vector<join_handle<std::error_code>> waiting;
    for (unsigned i = 0; i != 4; ++i)
        waiting.push_back(
            start(placement::pinned(i % 2), send_and_have_it_back(to, counted(living, i))));
    co_await turns(20);
    { auto gone = std::move(from); }
    for (auto& each : waiting)
        EXPECT_EQ(co_await std::move(each), errc::closed);
    EXPECT_EQ(living, 0);
}

/// Runs `end(sender, receiver, living)` with a channel of each kind that has room for two.
template <class End>
void with_both_kinds(End end) {
    std::atomic<int> living = 0;
    on_shards(2, [&living, end]() -> task<void> {
        auto [to_many, many] = mpmc_channel<counted>(2);
        co_await end(to_many, std::move(many), living);
        auto [to_one, one] = mpsc_channel<counted>(2);
        co_await end(to_one, std::move(one), living);
    });
}

TEST(ChannelClose, ByTheReceiverWithItemsLeftAndSendersWaiting) {
    with_both_kinds([](auto to, auto from, std::atomic<int>& living) {
        return close_with_items_and_senders(std::move(to), std::move(from), living);
    });
}

TEST(ChannelClose, ByAReceiverThatGoesWithItemsLeftAndSendersWaiting) {
    with_both_kinds([](auto to, auto from, std::atomic<int>& living) {
        return leave_with_items_and_senders(std::move(to), std::move(from), living);
    });
}

/// An end has a count of only so many who were called and have not come.
TEST(ChannelClose, ReachesAlsoThoseWhoCannotBeCalledAtOnce) {
    constexpr unsigned crowd = 600;
    std::atomic<int> living = 0;
    on_shards(2, [&living]() -> task<void> {
        std::atomic<unsigned> begun = 0;
        const auto send = [](channel_sender<counted> to, counted item,
                             std::atomic<unsigned>& all) -> task<std::error_code> {
            ++all;
            co_return co_await send_and_have_it_back(std::move(to), std::move(item));
        };
        const auto receive = [](channel_receiver<counted> from,
                                std::atomic<unsigned>& all) -> task<std::error_code> {
            ++all;
            co_return (co_await from.recv()).error();
        };
        auto [to, full] = mpmc_channel<counted>(1);
        EXPECT_TRUE(to.try_send(counted(living)));
        auto [to_empty, empty] = mpmc_channel<counted>(1);
        std::vector<join_handle<std::error_code>> waiting;
        for (unsigned i = 0; i != crowd; ++i) {
            const auto where = placement::pinned(i % 2);
            waiting.push_back(start(where, send(to, counted(living, i), begun)));
            waiting.push_back(start(where, receive(empty, begun)));
        }
        co_await until([&] { return begun == 2 * crowd; });
        co_await turns();
        full.close();
        empty.close();
        for (auto& each : waiting)
            EXPECT_EQ(co_await std::move(each), errc::closed);
    });
    EXPECT_EQ(living, 0);
}

TEST(ChannelClose, OfAOneshotByItsReceiver) {
    std::atomic<int> living = 0;
    on_shards(1, [&living]() -> task<void> {
        {
            auto [to, from] = oneshot_channel<counted>();
            EXPECT_TRUE(to.send(counted(living, 5)));
            from.close();
            EXPECT_EQ((co_await from.recv())->number(), 5u);
            EXPECT_EQ((co_await from.recv()).error(), errc::closed);
        }
        {
            auto [to, from] = oneshot_channel<counted>();
            from.close();
            EXPECT_TRUE(to.is_closed());
            EXPECT_EQ(to.send(counted(living, 6)).error().item.number(), 6u);
            EXPECT_EQ(from.try_recv().error(), errc::closed);
        }
        auto [to, from] = oneshot_channel<counted>();
        EXPECT_TRUE(to.send(counted(living, 7)));
        EXPECT_EQ(living, 1);
        { auto gone = std::move(from); }
        EXPECT_EQ(living, 0);
    });
}

TEST(ChannelClose, ABroadcastReceiverThatGoesTakesNothingFromTheOthers) {
    std::atomic<int> living = 0;
    on_shards(1, [&living]() -> task<void> {
        auto [to, from] = broadcast_channel<counted>(4);
        {
            auto leaves = from;
            EXPECT_TRUE(to.send(counted(living, 1)));
            EXPECT_TRUE(to.send(counted(living, 2)));
            EXPECT_EQ((co_await leaves.recv())->item.number(), 1u);
        }
        EXPECT_EQ((co_await from.recv())->item.number(), 1u);
        EXPECT_EQ((co_await from.recv())->item.number(), 2u);
        { auto gone = std::move(from); }
        EXPECT_EQ(to.send(counted(living, 3)).error().item.number(), 3u);
        // What was sent before is nobody's who comes later.
        EXPECT_EQ(to.subscribe().try_recv().error(), std::errc::resource_unavailable_try_again);
    });
    EXPECT_EQ(living, 0);
}

// --- while others send ---------------------------------------------------------------------------

enum class ending { close, leave };

struct totals {
    std::atomic<std::uint64_t> accepted = 0;  // sums of numbers
    std::atomic<std::uint64_t> received = 0;
    std::atomic<int> living = 0;
};

task<void> send_until_closed(channel_sender<counted> to, totals& all) {
    for (std::uint64_t number = 1;; ++number) {
        const auto sent = co_await to.send(counted(all.living, number));
        if (!sent) {
            EXPECT_EQ(sent.error().code, errc::closed);
            EXPECT_EQ(sent.error().item.number(), number);
            co_return;
        }
        all.accepted += number;
    }
}

void try_until_closed(const channel_sender<counted>& out, totals& all) {
    channel_sender<counted> to = out;
    for (std::uint64_t number = 1;;) {
        const auto sent = to.try_send(counted(all.living, number));
        if (sent) {
            all.accepted += number++;
        } else if (sent.error().code == errc::closed) {
            EXPECT_EQ(sent.error().item.number(), number);
            break;
        } else {
            std::this_thread::yield();
        }
    }
}

template <class Receiver>
task<void> receive_then_end(Receiver from, std::uint64_t count, ending how, totals& all) {
    for (std::uint64_t i = 0; i != count; ++i) {
        const auto got = co_await from.recv();
        EXPECT_TRUE(got);
        all.received += got->number();
    }
    if (how == ending::leave)
        co_return;
    from.close();
    while (const auto left = co_await from.recv())
        all.received += left->number();
}

template <class Make>
void end_while_others_send(Make make, ending how) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [&]() -> task<void> {
        testing::random_source random(seed);
        for (std::uint64_t round = stress::times(300); round != 0; --round) {
            totals all;
            std::vector<join_handle<void>> tasks;
            std::optional<std::jthread> thread;
            std::optional<channel_sender<counted>> keeper;
            {
                auto [to, from] = make(1 + random.below(4));
                for (unsigned i = 0; i != 4; ++i)
                    tasks.push_back(start(placement::pinned(i % 2), send_until_closed(to, all)));
                thread.emplace([&all, out = to] { try_until_closed(out, all); });
                keeper.emplace(to);
                tasks.push_back(
                    start(placement::pinned(round % 2),
                          receive_then_end(std::move(from), random.below(50), how, all)));
            }
            for (auto& each : tasks)
                co_await std::move(each);
            thread.reset();
            // Dropped with the last receiver, not with the channel.
            EXPECT_EQ(all.living, 0);
            if (how == ending::close) {
                EXPECT_EQ(all.received, all.accepted);
            } else {
                EXPECT_LE(all.received, all.accepted);
            }
        }
    });
}

class ChannelEnd : public ::testing::TestWithParam<ending> {};

INSTANTIATE_TEST_SUITE_P(Sync, ChannelEnd, ::testing::Values(ending::close, ending::leave),
                         [](const auto& tested) {
                             return tested.param == ending::close ? "by_close" : "by_leaving";
                         });

TEST_P(ChannelEnd, OfManyReceiversRacesSends) {
    end_while_others_send([](std::uint64_t capacity) { return mpmc_channel<counted>(capacity); },
                          GetParam());
}

TEST_P(ChannelEnd, OfOneReceiverRacesSends) {
    end_while_others_send([](std::uint64_t capacity) { return mpsc_channel<counted>(capacity); },
                          GetParam());
}

TEST_P(ChannelEnd, OfAOneshotRacesTheSend) {
    on_shards(2, [how = GetParam()]() -> task<void> {
        const auto send = [](oneshot_sender<counted> to, totals& all) -> task<void> {
            const auto sent = to.send(counted(all.living, 1));
            all.accepted += sent ? 1 : 0;
            if (!sent) {
                EXPECT_EQ(sent.error().code, errc::closed);
            }
            co_return;
        };
        const auto end = [](oneshot_receiver<counted> from, unsigned first, ending by,
                            totals& all) -> task<void> {
            co_await turns(first);
            if (by == ending::leave)
                co_return;
            from.close();
            const auto got = co_await from.recv();
            all.received += got ? 1 : 0;
        };
        for (std::uint64_t round = stress::times(2'000); round != 0; --round) {
            totals all;
            auto [to, from] = oneshot_channel<counted>();
            auto sending = start(placement::pinned(1), send(std::move(to), all));
            co_await end(std::move(from), static_cast<unsigned>(round % 4), how, all);
            co_await std::move(sending);
            EXPECT_EQ(all.living, 0);
            if (how == ending::close) {
                EXPECT_EQ(all.received, all.accepted);
            }
        }
    });
}

/// The last receiver of a broadcast, or of a watch, goes while others send: an item is kept or it
/// comes back.
template <class Make>
void leave_while_others_send(Make make) {
    on_shards(2, [make]() -> task<void> {
        const auto send = [](auto to, totals& all) -> task<void> {
            for (std::uint64_t number = 1;; ++number) {
                const auto sent = to.send(counted(all.living, number));
                if (!sent) {
                    EXPECT_EQ(sent.error().code, errc::closed);
                    EXPECT_EQ(sent.error().item.number(), number);
                    break;
                }
                if (number % 8 == 0)
                    co_await yield();
            }
        };
        for (std::uint64_t round = stress::times(300); round != 0; --round) {
            totals all;
            std::vector<join_handle<void>> sending;
            {
                auto [to, from] = make(all);
                for (unsigned i = 0; i != 2; ++i)
                    sending.push_back(start(placement::pinned(i), send(to, all)));
                auto receiver = std::move(from);
                auto also = receiver;
                co_await turns(static_cast<unsigned>(round % 4));
            }
            for (auto& each : sending)
                co_await std::move(each);
            EXPECT_EQ(all.living, 0);
        }
    });
}

TEST(ChannelClose, TheLastBroadcastReceiverRacesSends) {
    leave_while_others_send([](totals&) { return broadcast_channel<counted>(4); });
}

TEST(ChannelClose, TheLastWatchReceiverRacesSends) {
    leave_while_others_send([](totals& all) { return watch_channel(counted(all.living)); });
}

}  // namespace
}  // namespace spargio::sync_test
