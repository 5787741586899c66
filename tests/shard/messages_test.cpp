// The mailbox of one shard under virtual time, on one thread.

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "spargio/shard/next_message.hpp"
#include "spargio/time/sleep.hpp"
#include "stage.hpp"

namespace spargio::shard_test {
namespace {

using testing::simulated_kernel;

message carrying(std::uint64_t value) {
    return {.source = 3, .tag = 5, .value = value};
}

task<void> take(unsigned count, std::vector<std::uint64_t>& values) {
    while (count-- > 0) {
        const auto next = co_await detail::message_awaiter();
        EXPECT_TRUE(next);
        if (!next)
            co_return;
        EXPECT_EQ(next->source, 3u);
        EXPECT_EQ(next->tag, 5u);
        values.push_back(next->value);
    }
}

using numbers = std::vector<std::uint64_t>;

TEST(Messages, SentBeforeAreTakenInOrder) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    for (std::uint64_t value = 0; value < 5; ++value)
        EXPECT_TRUE(here->try_send(carrying(value)));
    numbers values;
    here.run(take(5, values));
    EXPECT_EQ(values, (numbers{0, 1, 2, 3, 4}));
    EXPECT_EQ(here->stats().messages_received, 5u);
}

TEST(Messages, FullMailboxSaysSoAndKeepsWhatItHas) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    for (std::uint64_t value = 0; value < 8; ++value)
        EXPECT_TRUE(here->try_send(carrying(value)));
    EXPECT_FALSE(here->try_send(carrying(99)));
    EXPECT_FALSE(here->try_send(carrying(99)));
    numbers values;
    root<void> first(*here, take(1, values));
    first.at_end = [&] { EXPECT_TRUE(here->try_send(carrying(8))); };
    here.add(first);
    root<void> rest(*here, take(8, values));
    here.add(rest);
    here.run();
    EXPECT_EQ(values, (numbers{0, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Messages, ThoseWhoWaitAreServedInTurn) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    numbers first, second, third;
    root<void> one(*here, take(2, first));
    root<void> two(*here, take(2, second));
    root<void> three(*here, take(2, third));
    here.add(one);
    here.add(two);
    here.add(three);
    alarm_clock send(*here, [&] {
        for (std::uint64_t value = 0; value < 6; ++value)
            EXPECT_TRUE(here->try_send(carrying(value)));
    });
    send.set(kernel.now_ns() + 1'000'000);
    here.run();
    EXPECT_EQ(first[0], 0u);
    EXPECT_EQ(second[0], 1u);
    EXPECT_EQ(third[0], 2u);
    // The first to run again finds the next one at once: nobody waits ahead of it.
    EXPECT_EQ(first[1], 3u);
    EXPECT_EQ(second[1], 4u);
    EXPECT_EQ(third[1], 5u);
}

/// One who comes while others wait does not overtake them, though a message is there already.
TEST(Messages, NobodyOvertakesTheLine) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    numbers first, second;
    root<void> one(*here, take(1, first));
    root<void> two(*here, take(1, second));
    here.add(one);
    alarm_clock send(*here, [&] {
        EXPECT_TRUE(here->try_send(carrying(0)));
        EXPECT_TRUE(here->try_send(carrying(1)));
        message received;
        action never([] {});
        shard::message_wait wait{.room = std::span(&received, 1), .waiter = &never};
        EXPECT_FALSE(here->receive(wait));
        EXPECT_TRUE(here->stop_receiving(wait));
        here.add(two);
    });
    send.set(kernel.now_ns() + 1'000'000);
    here.run();
    EXPECT_EQ(first, numbers{0});
    EXPECT_EQ(second, numbers{1});
}

TEST(Messages, LeavingTheLineAnywhereKeepsTheOthersInIt) {
    for (unsigned gone = 0; gone < 3; ++gone) {
        simulated_kernel kernel(alone(1));
        stage here(kernel);
        std::string served;
        struct waiting {
            waiting(std::string& served, char name) : item([&served, name] { served += name; }) {
                wait.waiter = &item;
            }
            action item;
            message received;
            shard::message_wait wait{.room = std::span(&received, 1)};
        };
        std::vector<std::unique_ptr<waiting>> line;
        action script([&] {
            for (const char name : {'a', 'b', 'c'}) {
                line.push_back(std::make_unique<waiting>(served, name));
                EXPECT_FALSE(here->receive(line.back()->wait));
            }
            EXPECT_TRUE(here->stop_receiving(line[gone]->wait));
            EXPECT_FALSE(here->stop_receiving(line[gone]->wait));
            // Joins again, at the end.
            EXPECT_FALSE(here->receive(line[gone]->wait));
            for (std::uint64_t value = 0; value < 3; ++value)
                EXPECT_TRUE(here->try_send(carrying(value)));
        });
        here->defer(script);
        here.run();
        EXPECT_EQ(served, std::vector<std::string>({"bca", "acb", "abc"})[gone]);
    }
}

/// A full mailbox read in one go is still one item among others.
TEST(Messages, ReadingOnAndOnLetsOthersRun) {
    simulated_kernel kernel(alone(1));
    stage here(kernel, {.ring = {.entries = 16, .cq_entries = 64}, .mailbox_capacity = 1024});
    for (std::uint64_t value = 0; value < 1024; ++value)
        ASSERT_TRUE(here->try_send(carrying(value)));
    numbers values;
    std::size_t taken_before = 0;
    action other([&] { taken_before = values.size(); });
    root<void> reader(*here, take(1024, values));
    here.add(reader);
    here->post(other);
    here.run();
    EXPECT_EQ(values.size(), 1024u);
    EXPECT_GT(taken_before, 0u);
    EXPECT_LE(taken_before, 129u);
}

TEST(Messages, MessageWithoutReceiverKeepsNobodyAwake) {
    simulated_kernel kernel(alone(1));
    stage here(kernel);
    EXPECT_TRUE(here->try_send(carrying(1)));
    here.run([]() -> task<void> { (void)co_await sleep_for(std::chrono::seconds(1)); }());
    EXPECT_LE(here->stats().parks, 2u);
}

}  // namespace
}  // namespace spargio::shard_test
