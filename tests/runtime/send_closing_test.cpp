// A target that closes, or whose reader goes, in the middle of a burst: what arrives is what was
// accepted, in its order and without a gap, up to where the reader was stopped; what was refused
// never comes.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "../stress/scale.hpp"
#include "entry.hpp"
#include "send_form.hpp"
#include "spargio/runtime/yield.hpp"

namespace spargio {
namespace {

using runtime_test::built;
using runtime_test::level;
using runtime_test::send_awaited;
using runtime_test::send_form;

enum class sender_is { a_shard, a_foreign_shard, a_thread };

using values = std::vector<std::int32_t>;

/// Sends until the target is closed, whatever it refuses meanwhile. \return what was accepted.
task<values> send_until_closed(send_form form, remote_shard target) {
    values accepted;
    for (std::int32_t value = 0;; ++value) {
        const auto sent = co_await send_awaited(form, target, static_cast<std::uint64_t>(value));
        if (sent) {
            accepted.push_back(value);
        } else if (sent.error() == errc::shut_down) {
            co_return accepted;
        } else {
            EXPECT_EQ(sent.error(), errc::backpressure);
            co_await yield();
        }
    }
}

values send_until_closed_from_thread(const send_form& form, const remote_shard& target) {
    values accepted;
    for (std::int32_t value = 0;; ++value) {
        const auto sent = form.send(target, static_cast<std::uint64_t>(value));
        if (sent) {
            accepted.push_back(value);
        } else if (sent.error() == errc::shut_down) {
            return accepted;
        } else {
            EXPECT_EQ(sent.error(), errc::backpressure);
            std::this_thread::yield();
        }
    }
}

/// \return what came before it was stopped.
task<values> receive_until_stopped(std::atomic<std::size_t>& count) {
    values received;
    std::vector<message> room(8);
    while (const auto got = co_await this_shard::next_events(room)) {
        for (const message& each : std::span(room).first(*got))
            received.push_back(each.as<level>()->high);
        count = received.size();
    }
    co_return received;
}

struct closing {
    send_form form;
    sender_is from;
};

class ClosingTarget : public ::testing::TestWithParam<closing> {};

TEST_P(ClosingTarget, ReceivesWhatWasAcceptedAndNothingElse) {
    const send_form form = GetParam().form;
    runtime living = runtime_test::with_shards(1);
    for (std::uint64_t round = 0; round < std::max<std::uint64_t>(stress::times(4), 2); ++round) {
        std::atomic<std::size_t> received_so_far = 0;
        runtime own = built(runtime_builder().shards(2).mailbox_capacity(32));
        auto receiving =
            own.handle().spawn(placement::pinned(1), receive_until_stopped(received_so_far));
        const remote_shard target = *own.handle().remote(1);
        std::optional<join_handle<values>> sending;
        values accepted;
        std::optional<std::jthread> thread;
        if (GetParam().from == sender_is::a_thread) {
            thread.emplace([&] { accepted = send_until_closed_from_thread(form, target); });
        } else {
            const bool own_shard = GetParam().from == sender_is::a_shard;
            sending = *(own_shard ? own : living)
                           .handle()
                           .spawn(placement::pinned(0), send_until_closed(form, target));
        }
        while (received_so_far < round % 10 * 20 + 1)
            std::this_thread::yield();
        EXPECT_TRUE(own.shutdown_blocking().clean());
        if (sending)
            accepted = sending->wait();
        thread.reset();
        values received = receiving->wait();
        ASSERT_LE(received.size(), accepted.size());
        if (form.goes_directly && GetParam().from == sender_is::a_shard) {
            // Some of these overtake others, so some may be missing that were sent before.
            std::ranges::sort(received);
            EXPECT_EQ(std::ranges::adjacent_find(received), received.end()) << "one came twice";
            EXPECT_TRUE(std::ranges::includes(accepted, received));
        } else {
            accepted.resize(received.size());
            EXPECT_EQ(received, accepted);
        }
    }
}

std::vector<closing> every_way() {
    std::vector<closing> all;
    for (const send_form& form : runtime_test::send_forms) {
        for (const auto from :
             {sender_is::a_shard, sender_is::a_foreign_shard, sender_is::a_thread})
            all.push_back({form, from});
    }
    return all;
}

INSTANTIATE_TEST_SUITE_P(Messages, ClosingTarget, ::testing::ValuesIn(every_way()),
                         [](const auto& tested) {
                             return std::string(tested.param.form.name) +
                                    (tested.param.from == sender_is::a_shard ? "_from_a_shard"
                                     : tested.param.from == sender_is::a_foreign_shard
                                         ? "_from_a_foreign_shard"
                                         : "_from_a_thread");
                         });

/// Batches of which a part is accepted: the rest, sent again, closes the gap. Every other round
/// they are raw and so long that room comes to be while they are refused: what is behind is
/// refused, too.
TEST(ClosingBatches, APartThatWasAcceptedIsTold) {
    for (std::uint64_t round = 0; round < std::max<std::uint64_t>(stress::times(8), 2); ++round) {
        std::atomic<std::size_t> received_so_far = 0;
        runtime own = built(runtime_builder().shards(2).mailbox_capacity(32));
        auto receiving =
            own.handle().spawn(placement::pinned(1), receive_until_stopped(received_so_far));
        std::size_t accepted = 0;
        const bool long_ones = round % 2 != 0;
        std::jthread thread([&, target = *own.handle().remote(1)] {
            for (;;) {
                std::vector<level> typed;
                std::vector<raw_message> raw;
                for (std::size_t i = 0; i != (long_ones ? 1000u : 100u); ++i) {
                    typed.push_back(runtime_test::with(accepted + i));
                    raw.push_back(to_message(typed.back()));
                }
                const auto sent = long_ones
                                      ? target.send_many_nowait(std::span<const raw_message>(raw))
                                      : target.send_many_nowait(std::span<const level>(typed));
                if (!sent && sent.error() == errc::shut_down)
                    return;
                accepted += sent.value_or(0);
                std::this_thread::yield();
            }
        });
        while (received_so_far < round % 10 * 1000 + 1)
            std::this_thread::yield();
        EXPECT_TRUE(own.shutdown_blocking().clean());
        thread.join();
        const values received = receiving->wait();
        ASSERT_LE(received.size(), accepted);
        for (std::size_t i = 0; i != received.size(); ++i)
            ASSERT_EQ(received[i], static_cast<std::int32_t>(i));
    }
}

}  // namespace
}  // namespace spargio
