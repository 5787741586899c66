// Every way to send: what it answers at a full mailbox, a closed runtime and a stranger's.

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <thread>
#include <vector>

#include "entry.hpp"
#include "send_form.hpp"
#include "spargio/core/when_all.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {

namespace {
enum class colour : std::uint8_t { red, green };
struct empty_note {
    static constexpr std::uint32_t message_tag = 78;
};
}  // namespace

template <>
struct message_type<colour> {
    static constexpr std::uint32_t tag = 79;
};

namespace {

using runtime_test::built;
using runtime_test::level;
using runtime_test::send_awaited;
using runtime_test::send_form;
using runtime_test::with;
using runtime_test::with_shards;

struct too_large {
    [[maybe_unused]] static constexpr std::uint32_t message_tag = 1;
    std::uint64_t two[2];
};
struct not_tagged {
    int value;
};
static_assert(message_payload<level> && message_payload<colour> && message_payload<empty_note>);
static_assert(!message_payload<too_large> && !message_payload<not_tagged>);

class SendForm : public ::testing::TestWithParam<send_form> {};
INSTANTIATE_TEST_SUITE_P(Messages, SendForm, ::testing::ValuesIn(runtime_test::send_forms),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(SendForm, AFullMailboxIsBackpressureAndKeepsWhatItHolds) {
    runtime own = built(runtime_builder().shards(2).mailbox_capacity(4));
    const auto fill = [form = GetParam()]() -> task<void> {
        const remote_shard target = this_shard::remote(1);
        for (std::uint64_t value = 0; value < 4; ++value)
            EXPECT_TRUE(co_await send_awaited(form, target, value));
        for (int again = 0; again < 3; ++again)
            EXPECT_EQ((co_await send_awaited(form, target, 4)).error(), errc::backpressure);
    };
    own.block_on(0, fill);
    EXPECT_EQ(own.handle().stats(0).messages_submitted, 4u);
    EXPECT_EQ(own.handle().stats(0).messages_backpressured, 3u);
    own.block_on(1, []() -> task<void> {
        for (std::uint64_t value = 0; value < 4; ++value) {
            const message received = *co_await this_shard::next_event();
            EXPECT_EQ(received.source, 0u);
            EXPECT_EQ(received.as<level>(), with(value));
        }
    });
    EXPECT_EQ(own.handle().stats(1).messages_received, 4u);
    own.block_on(0, fill);
}

TEST_P(SendForm, AFullMailboxIsToldToAThreadToo) {
    runtime own = built(runtime_builder().shards(2).mailbox_capacity(4));
    const remote_shard target = *own.handle().remote(1);
    for (std::uint64_t value = 0; value < 4; ++value)
        EXPECT_TRUE(GetParam().send(target, value));
    for (int again = 0; again < 3; ++again)
        EXPECT_EQ(GetParam().send(target, 4).error(), errc::backpressure);
    EXPECT_EQ(own.handle().stats(1).messages_backpressured, 3u);
    own.block_on(1, []() -> task<void> {
        for (std::uint64_t value = 0; value < 4; ++value) {
            const message received = *co_await this_shard::next_event();
            EXPECT_EQ(received.source, message::no_shard);
            EXPECT_EQ(received.as<level>(), with(value));
        }
    });
}

/// The first one to a shard, and those that follow; nobody looks after a sleeper here.
TEST_P(SendForm, EachWakesASleeper) {
    runtime own = built(runtime_builder().shards(2).spin_us(0).rescue({.after_us = 0}));
    const auto play = [form = GetParam()](unsigned other, bool begins) -> task<int> {
        const remote_shard target = this_shard::remote(other);
        int received = 0;
        for (int round = 0; round < 20; ++round) {
            if (begins) {
                EXPECT_TRUE(co_await send_awaited(form, target, 1));
            }
            received += (co_await this_shard::next_event()).has_value();
            if (!begins) {
                EXPECT_TRUE(co_await send_awaited(form, target, 1));
            }
        }
        co_return received;
    };
    auto answering = own.handle().spawn(placement::pinned(1), play(0, false));
    EXPECT_EQ(own.block_on(0, [&] { return play(1, true); }), 20);
    EXPECT_EQ(answering->wait(), 20);
}

/// It has the number of a neighbour to whom there is a lane already.
TEST_P(SendForm, AShardOfAnotherRuntimeIsNobodysNeighbour) {
    runtime own = with_shards(2);
    runtime strange = with_shards(2);
    own.block_on(0, [stranger = *strange.handle().remote(1), form = GetParam()]() -> task<void> {
        const remote_shard neighbour = this_shard::remote(1);
        EXPECT_TRUE(co_await send_awaited(form, neighbour, 1));
        EXPECT_TRUE(co_await send_awaited(form, stranger, 2));
        EXPECT_TRUE(co_await send_awaited(form, neighbour, 3));
    });
    const auto expect_next = [](runtime& at, std::uint64_t value, std::uint32_t source) {
        at.block_on(1, [=]() -> task<void> {
            const message received = *co_await this_shard::next_event();
            EXPECT_EQ(received.source, source);
            EXPECT_EQ(received.as<level>(), with(value));
        });
    };
    expect_next(own, 1, 0);
    expect_next(own, 3, 0);
    expect_next(strange, 2, message::no_shard);
}

TEST_P(SendForm, AClosedRuntimeTakesNothing) {
    runtime living = with_shards(1);
    std::optional<remote_shard> target;
    {
        const runtime gone = with_shards(2);
        target = *gone.handle().remote(1);
    }
    living.block_on([&, form = GetParam()]() -> task<void> {
        EXPECT_EQ((co_await send_awaited(form, *target, 1)).error(), errc::shut_down);
        EXPECT_TRUE(co_await target->flush());
    });
    EXPECT_EQ(GetParam().send(*target, 1).error(), errc::shut_down);
    EXPECT_TRUE(target->flush().await_resume());
}

/// The target closes while it is written to, again and again, by who is a shard of another runtime.
TEST_P(SendForm, ATargetThatClosesInTheMiddleOfABurst) {
    runtime living = with_shards(1);
    for (int round = 0; round < 20; ++round) {
        std::optional<runtime> closing = with_shards(1);
        auto sending = living.handle().spawn(
            placement::pinned(0),
            [target = *closing->handle().remote(0), form = GetParam()]() -> task<void> {
                for (;;) {
                    const auto sent = co_await send_awaited(form, target, 1);
                    if (!sent && sent.error() == errc::shut_down)
                        break;
                    co_await yield();
                }
            });
        closing.reset();
        sending->wait();
    }
}

/// The same from a shard of that runtime: it answers until the task itself is asked to end.
TEST_P(SendForm, ARuntimeThatClosesUnderItsOwnSender) {
    for (int round = 0; round < 20; ++round) {
        runtime own = with_shards(2);
        auto sending =
            own.handle().spawn(placement::pinned(0), [form = GetParam()]() -> task<void> {
                const remote_shard target = this_shard::remote(1);
                for (;;) {
                    const auto sent = co_await send_awaited(form, target, 1);
                    if (!sent && sent.error() == errc::shut_down)
                        break;
                    co_await yield();
                }
            });
        own.shutdown_blocking();
        EXPECT_TRUE(sending->is_done());
        sending->wait();
    }
}

// --- batches -------------------------------------------------------------------------------------

std::vector<raw_message> numbered(std::uint64_t count) {
    std::vector<raw_message> all;
    for (std::uint64_t value = 0; value < count; ++value)
        all.push_back({.tag = 1, .value = value});
    return all;
}

TEST(SendMany, SaysHowManyTheMailboxTook) {
    runtime own = built(runtime_builder().shards(2).mailbox_capacity(128));
    const auto exchange =
        [&own](const std::function<result<std::size_t>(std::span<const raw_message>)>& send) {
            const auto all = numbered(300);
            std::span<const raw_message> left(all);
            EXPECT_EQ(send(left), 128u);
            EXPECT_EQ(send(left).error(), errc::backpressure);
            EXPECT_EQ(send({}), 0u);
            left = left.subspan(128);
            for (std::uint64_t expected = 0; expected < 300;) {
                expected += own.block_on(1, [expected]() -> task<std::size_t> {
                    std::vector<message> room(100);
                    const auto count = co_await this_shard::next_events(room);
                    for (std::size_t i = 0; i < *count; ++i)
                        EXPECT_EQ(room[i].value, expected + i);
                    co_return *count;
                });
                if (!left.empty())
                    left = left.subspan(*send(left));
            }
        };
    exchange([target = *own.handle().remote(1)](std::span<const raw_message> some) {
        return target.send_many_nowait(some);
    });
    exchange([&own](std::span<const raw_message> some) {
        return own.block_on(0, [some]() -> task<result<std::size_t>> {
            co_return this_shard::remote(1).send_many_nowait(some);
        });
    });
}

TEST(SendMany, TypedOnesAcrossSeveralParts) {
    runtime own = built(runtime_builder().shards(2).mailbox_capacity(128));
    std::vector<level> all;
    for (std::int32_t high = 0; high < 200; ++high)
        all.push_back({.low = 9, .high = high});
    EXPECT_EQ(own.block_on(0,
                           [&all]() -> task<result<std::size_t>> {
                               co_return this_shard::remote(1).send_many_nowait(
                                   std::span<const level>(all));
                           }),
              128u);
    own.block_on(1, [&all]() -> task<void> {
        std::vector<message> room(200);
        EXPECT_EQ(co_await this_shard::next_events(room), 128u);
        for (std::size_t i = 0; i < 128; ++i)
            EXPECT_EQ(room[i].as<level>(), all[i]);
    });
}

TEST(SendMany, OneBellForABatch) {
    // Who wakes after a while rings a sleeper to look after it: one bell more.
    runtime own = built(runtime_builder().shards(2).spin_us(0).rescue({.after_us = 0}));
    auto receiver = own.handle().spawn(placement::pinned(1), []() -> task<void> {
        std::vector<message> room(64);
        for (std::size_t all = 0; all < 64 * 3;)
            all += *co_await this_shard::next_events(room);
    });
    own.block_on(0, []() -> task<void> {
        const auto all = numbered(64);
        for (int lot = 0; lot < 3; ++lot)
            EXPECT_EQ(this_shard::remote(1).send_many_nowait(all), 64u);
        EXPECT_TRUE(co_await this_shard::remote(1).flush());
    });
    receiver->wait();
    EXPECT_LE(own.handle().stats(0).bells_sent, 1u);
}

// --- types ---------------------------------------------------------------------------------------

TEST(TypedMessages, ComeBackAsWhatTheyWere) {
    runtime own = with_shards(1);
    own.block_on([]() -> task<void> {
        const remote_shard here = this_shard::remote(0);
        EXPECT_TRUE(here.send_nowait(level{.low = 7, .high = -3}));
        EXPECT_TRUE(here.send_nowait(colour::green));
        EXPECT_TRUE(co_await here.send(empty_note{}));
        const message first = *co_await this_shard::next_event();
        EXPECT_FALSE(first.as<colour>());
        EXPECT_FALSE(first.is<empty_note>());
        EXPECT_EQ(first.as<level>(), (level{.low = 7, .high = -3}));
        const message second = *co_await this_shard::next_event();
        EXPECT_EQ(second.tag, 79u);
        EXPECT_EQ(second.value, 1u);
        EXPECT_EQ(second.as<colour>(), colour::green);
        EXPECT_TRUE((co_await this_shard::next_event())->is<empty_note>());
    });
}

// --- sources -------------------------------------------------------------------------------------

/// One that floods the mailbox takes nobody else's room, and nobody else's turn.
TEST(Sources, EachHasItsOwnRoomAndItsTurn) {
    runtime own = built(runtime_builder().shards(3).mailbox_capacity(256));
    own.block_on(0, []() -> task<void> {
        const auto all = numbered(300);
        EXPECT_EQ(this_shard::remote(2).send_many_nowait(all), 256u);
        co_return;
    });
    own.block_on(1, []() -> task<void> {
        EXPECT_TRUE(this_shard::remote(2).send_raw_nowait(1, 7));
        co_return;
    });
    EXPECT_TRUE(own.handle().remote(2)->send_raw_nowait(1, 8));
    const unsigned waited = own.block_on(2, []() -> task<unsigned> {
        unsigned of_first = 0;
        for (unsigned others = 0; others < 2;) {
            const message received = *co_await this_shard::next_event();
            ++(received.source == 0 ? of_first : others);
        }
        co_return of_first;
    });
    EXPECT_LE(waited, 64u);
}

/// A receiver that never comes: senders hear of it, and the end of the runtime waits for nobody.
TEST(Sources, AReceiverThatNeverComesHoldsUpNothing) {
    runtime own = built(runtime_builder().shards(2).mailbox_capacity(2));
    own.block_on(0, []() -> task<void> {
        const auto all = numbered(3);
        EXPECT_EQ(this_shard::remote(1).send_many_nowait(all), 2u);
        EXPECT_EQ(this_shard::remote(1).send_many_nowait(all).error(), errc::backpressure);
        EXPECT_TRUE(co_await this_shard::remote(1).flush());
    });
    EXPECT_TRUE(own.shutdown_blocking().clean());
}

}  // namespace
}  // namespace spargio
