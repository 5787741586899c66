#include "spargio/sync/channel.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

task<void> send_all(channel_sender<int> to, int count) {
    for (int i = 0; i < count; ++i) {
        const auto sent = co_await to.send(i);
        EXPECT_TRUE(sent);
    }
}

template <class Receiver>
task<std::vector<int>> receive_all(Receiver from) {
    std::vector<int> got;
    while (true) {
        const auto item = co_await from.recv();
        if (!item) {
            EXPECT_EQ(item.error(), errc::closed);
            co_return got;
        }
        got.push_back(*item);
    }
}

class ChannelOrder : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ChannelOrder, GivesOutWhatWasPutInInOrder) {
    on_shards(2, [capacity = GetParam()]() -> task<void> {
        auto [to, from] = mpsc_channel<int>(capacity);
        auto receiving = start(placement::pinned(1), receive_all(std::move(from)));
        co_await send_all(std::move(to), 1000);
        const auto got = co_await std::move(receiving);
        EXPECT_EQ(got.size(), 1000u);
        for (int i = 0; i < static_cast<int>(got.size()); ++i)
            EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
    });
}

INSTANTIATE_TEST_SUITE_P(Sync, ChannelOrder, ::testing::Values(1, 2, 3, 64));

TEST(Channel, HoldsAsManyAsItWasMadeForAndNotMore) {
    auto [to, from] = mpmc_channel<int>(4);
    for (int i = 0; i < 4; ++i)
        EXPECT_TRUE(to.try_send(i));
    const auto refused = to.try_send(4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::resource_unavailable_try_again);
    EXPECT_EQ(refused.error().item, 4);
    EXPECT_EQ(to.size(), 4u);
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(from.try_recv(), i);
    EXPECT_EQ(from.try_recv().error(), std::errc::resource_unavailable_try_again);
}

TEST(Channel, AThreadSendsToATaskThatWaits) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<std::string>(2);
        std::jthread other;
        auto receiving =
            start(placement::local(), [](channel_receiver<std::string> in) -> task<std::string> {
                auto got = co_await in.recv();
                co_return got.value_or("nothing");
            }(from));
        co_await turns();
        other = std::jthread([&] { EXPECT_TRUE(to.try_send("word")); });
        EXPECT_EQ(co_await std::move(receiving), "word");
    });
}

TEST(Channel, WhenTheSendersAreGoneTheRestIsReceivedThenClosed) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<int>(8);
        {
            auto also = to;
            EXPECT_TRUE(also.try_send(1));
            EXPECT_TRUE(std::move(to).try_send(2));
            auto gone = std::move(to);
        }
        EXPECT_EQ(co_await from.recv(), 1);
        EXPECT_EQ(from.try_recv(), 2);
        EXPECT_EQ((co_await from.recv()).error(), errc::closed);
        EXPECT_EQ(from.try_recv().error(), errc::closed);
    });
}

TEST(Channel, WhenTheReceiversAreGoneASendGivesItsItemBack) {
    on_shards(1, []() -> task<void> {
        const auto item = std::make_shared<int>(1);
        auto [to, from] = mpmc_channel<std::shared_ptr<int>>(2);
        EXPECT_TRUE(to.try_send(item));
        EXPECT_TRUE(to.try_send(item));
        auto waiting = start(placement::local(),
                             [](channel_sender<std::shared_ptr<int>> out,
                                std::shared_ptr<int> sent) -> task<std::error_code> {
                                 auto answer = co_await out.send(std::move(sent));
                                 EXPECT_FALSE(answer);
                                 EXPECT_NE(answer.error().item, nullptr);
                                 co_return answer.error().code;
                             }(to, item));
        co_await turns();
        { auto gone = std::move(from); }
        EXPECT_EQ(co_await std::move(waiting), errc::closed);
        // What nobody can receive any more is dropped there and then.
        EXPECT_EQ(item.use_count(), 1);
        EXPECT_EQ(to.try_send(item).error().code, errc::closed);
        EXPECT_TRUE(to.is_closed());
    });
}

TEST(Channel, CloseEndsEverybodysWait) {
    on_shards(2, []() -> task<void> {
        auto [to, from] = mpmc_channel<int>(2);
        std::vector<join_handle<std::vector<int>>> waiting;
        for (unsigned i = 0; i < 4; ++i)
            waiting.push_back(start(placement::pinned(i % 2), receive_all(from)));
        co_await turns();
        to.close();
        for (auto& each : waiting)
            EXPECT_TRUE((co_await std::move(each)).empty());
    });
}

TEST(Channel, ReceiversAreServedInTheOrderOfArrival) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<int>(8);
        std::vector<join_handle<int>> waiting;
        auto one = [](channel_receiver<int> in) -> task<int> { co_return *co_await in.recv(); };
        for (int i = 0; i < 3; ++i) {
            waiting.push_back(start(placement::local(), one(from)));
            co_await turns();
        }
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(to.try_send(i));
        // These are for those who waited, though none of them has had his turn.
        EXPECT_EQ(from.try_recv().error(), std::errc::resource_unavailable_try_again);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(co_await std::move(waiting[static_cast<std::size_t>(i)]), i);
    });
}

TEST(Channel, SendersAreServedInTheOrderOfArrival) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<int>(1);
        EXPECT_TRUE(to.try_send(0));
        std::vector<join_handle<bool>> waiting;
        for (int i = 1; i <= 3; ++i) {
            waiting.push_back(
                start(placement::local(), [](channel_sender<int> out, int item) -> task<bool> {
                    co_return (co_await out.send(item)).has_value();
                }(to, i)));
            co_await turns();
        }
        EXPECT_EQ(from.try_recv(), 0);
        // The room is for the first who waited.
        EXPECT_EQ(to.try_send(9).error().code, std::errc::resource_unavailable_try_again);
        for (int i = 1; i <= 3; ++i)
            EXPECT_EQ(co_await from.recv(), i);
        for (auto& each : waiting)
            EXPECT_TRUE(co_await std::move(each));
    });
}

TEST(Channel, ACancelledSendGivesItsItemBack) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = mpmc_channel<std::unique_ptr<int>>(1);
        EXPECT_TRUE(to.try_send(std::make_unique<int>(1)));
        auto waiting =
            start(placement::local(), [](channel_sender<std::unique_ptr<int>> out) -> task<int> {
                auto sent = co_await out.send(std::make_unique<int>(2));
                EXPECT_FALSE(sent);
                EXPECT_TRUE(cancelled(sent.error().code));
                co_return *sent.error().item;
            }(to));
        co_await turns();
        waiting.request_stop();
        EXPECT_EQ(co_await std::move(waiting), 2);
        EXPECT_EQ(**from.try_recv(), 1);
        EXPECT_FALSE(from.try_recv());
        EXPECT_TRUE(to.try_send(nullptr));
    });
}

TEST(Channel, ItemsThatNobodyReceivedEndWithIt) {
    const auto item = std::make_shared<int>(1);
    {
        auto [to, from] = mpmc_channel<std::shared_ptr<int>>(4);
        for (int i = 0; i < 3; ++i)
            EXPECT_TRUE(to.try_send(item));
        EXPECT_EQ(item.use_count(), 4);
    }
    EXPECT_EQ(item.use_count(), 1);
}

TEST(Channel, ACapacityBeyondAllMemoryIsSaidToBe) {
    EXPECT_THROW((void)mpmc_channel<int>(~std::uint64_t{0}), std::bad_alloc);
    EXPECT_THROW((void)mpsc_channel<int>(~std::uint64_t{0}), std::bad_alloc);
}

}  // namespace
}  // namespace spargio::sync_test
