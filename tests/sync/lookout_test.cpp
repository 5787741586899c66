// Whether one looks for a little longer before one stands in line.

#include "spargio/sync/lookout.hpp"

#include <gtest/gtest.h>

#include "spargio/core/transfer.hpp"
#include "spargio/sync/channel.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

using detail::lookout;

/// How often it is passed up before it is worth it.
unsigned passed_up(lookout& asked) {
    unsigned times = 0;
    while (!asked.worth_it())
        ++times;
    return times;
}

TEST(Lookout, AFreshOneIsNotWorthItAtFirst) {
    lookout fresh;
    EXPECT_EQ(passed_up(fresh), lookout::first_passed_up);
}

TEST(Lookout, GoesOnAsLongAsItPays) {
    lookout paying;
    (void)passed_up(paying);
    for (int i = 0; i < 100; ++i) {
        paying.paid();
        EXPECT_TRUE(paying.worth_it());
    }
}

TEST(Lookout, EachInVainDoublesWhatIsPassedUp) {
    lookout vain;
    unsigned before = passed_up(vain);
    for (int i = 0; i < 4; ++i) {
        vain.in_vain();
        const unsigned now = passed_up(vain);
        EXPECT_GE(now, 2 * before);
        before = now;
    }
    for (int i = 0; i < 20; ++i)
        vain.in_vain();
    EXPECT_EQ(passed_up(vain), lookout::most_passed_up);
}

TEST(Lookout, OneThatPaidDoesNotMakeUpForOneInVain) {
    lookout mixed;
    (void)passed_up(mixed);
    for (int i = 0; i < 20; ++i) {
        mixed.in_vain();
        (void)passed_up(mixed);
        mixed.paid();
    }
    mixed.in_vain();
    EXPECT_GT(passed_up(mixed), lookout::most_passed_up / 2);
}

/// A channel with `items` in it, at whose receivers' end it is time to look out.
struct looked_at {
    explicit looked_at(int items) {
        for (unsigned i = 0; i != lookout::first_passed_up; ++i)
            EXPECT_FALSE(ring.receivers().look_out());
        for (int i = 0; i != items; ++i)
            EXPECT_EQ(ring.push(i, false), detail::passage::done);
    }
    detail::channel_ring<int> ring{4};
};

void on_one_shard(unsigned spin_us, task<void> (*entry)()) {
    run_with(runtime_builder().shards(1).spin_us(spin_us), entry);
}

TEST(ChannelLookout, SeesAnItemRoomAndTheEnd) {
    on_one_shard(20, []() -> task<void> {
        looked_at one(1);
        EXPECT_TRUE(one.ring.receivers().look_out());
        looked_at none(0);
        EXPECT_FALSE(none.ring.receivers().look_out());
        looked_at ended(0);
        ended.ring.close();
        EXPECT_TRUE(ended.ring.receivers().look_out());
        looked_at full(4);
        for (unsigned i = 0; i != lookout::first_passed_up; ++i)
            EXPECT_FALSE(full.ring.senders().look_out());
        EXPECT_FALSE(full.ring.senders().look_out());
        co_return;
    });
}

TEST(ChannelLookout, IsNotForShardsThatMustNotSpin) {
    on_one_shard(0, []() -> task<void> {
        looked_at one(1);
        EXPECT_FALSE(one.ring.receivers().look_out());
        co_return;
    });
}

/// Who is served only by looking out would otherwise keep its shard for all awaits of a resume.
TEST(ChannelLookout, LeavesTheShardToOthersAfterAFew) {
    on_one_shard(20, []() -> task<void> {
        looked_at one(1);
        co_await yield();
        int looks = 0;
        while (detail::spend_transfer()) {
            EXPECT_TRUE(one.ring.receivers().look_out());
            ++looks;
        }
        EXPECT_LE(looks, 8);
    });
}

}  // namespace
}  // namespace spargio::sync_test
