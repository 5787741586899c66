#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/oneshot.hpp"
#include "spargio/sync/watch.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

TEST(Oneshot, TheItemIsReceivedOnce) {
    on_shards(2, []() -> task<void> {
        auto [to, from] = oneshot_channel<std::string>();
        auto sending =
            start(placement::pinned(1), [](oneshot_sender<std::string> out) -> task<bool> {
                EXPECT_FALSE(out.is_closed());
                co_return out.send("answer").has_value();
            }(std::move(to)));
        EXPECT_EQ(co_await from.recv(), "answer");
        EXPECT_TRUE(co_await std::move(sending));
        EXPECT_EQ((co_await from.recv()).error(), errc::closed);
    });
}

TEST(Oneshot, DroppedEndsAreToldToTheOther) {
    on_shards(1, []() -> task<void> {
        {
            auto [to, from] = oneshot_channel<int>();
            { auto gone = std::move(to); }
            EXPECT_EQ((co_await from.recv()).error(), errc::closed);
        }
        auto [to, from] = oneshot_channel<int>();
        EXPECT_EQ(from.try_recv().error(), std::errc::resource_unavailable_try_again);
        { auto gone = std::move(from); }
        EXPECT_TRUE(to.is_closed());
        const auto refused = to.send(7);
        EXPECT_FALSE(refused);
        EXPECT_EQ(refused.error().code, errc::closed);
        EXPECT_EQ(refused.error().item, 7);
    });
}

TEST(Broadcast, EveryReceiverGetsEveryItem) {
    on_shards(2, []() -> task<void> {
        auto [to, from] = broadcast_channel<int>(64);
        auto receive = [](broadcast_receiver<int> in) -> task<int> {
            int sum = 0;
            while (true) {
                const auto got = co_await in.recv();
                if (!got) {
                    EXPECT_EQ(got.error(), errc::closed);
                    co_return sum;
                }
                EXPECT_EQ(got->missed, 0u);
                sum += got->item;
            }
        };
        std::vector<join_handle<int>> receiving;
        for (unsigned i = 0; i < 4; ++i)
            receiving.push_back(start(placement::pinned(i % 2), receive(from)));
        for (int i = 1; i <= 50; ++i) {
            EXPECT_TRUE(to.send(i));
            if (i % 3 == 0)
                co_await yield();
        }
        { auto gone = std::move(to); }
        for (auto& each : receiving)
            EXPECT_EQ(co_await std::move(each), 50 * 51 / 2);
    });
}

TEST(Broadcast, WhoLagsIsToldHowMuchWasMissed) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = broadcast_channel<int>(4);
        for (int i = 0; i < 10; ++i)
            EXPECT_TRUE(to.send(i));
        auto late = to.subscribe();
        auto got = co_await from.recv();
        EXPECT_EQ(got->item, 6);
        EXPECT_EQ(got->missed, 6u);
        got = co_await from.recv();
        EXPECT_EQ(got->item, 7);
        EXPECT_EQ(got->missed, 0u);
        EXPECT_EQ(late.try_recv().error(), std::errc::resource_unavailable_try_again);
        EXPECT_TRUE(to.send(10));
        EXPECT_EQ(late.try_recv()->item, 10);
        auto copy = late;
        { auto gone = std::move(to); }
        EXPECT_EQ(copy.try_recv().error(), errc::closed);
    });
}

TEST(Broadcast, WithoutReceiversTheItemComesBack) {
    auto [to, from] = broadcast_channel<std::unique_ptr<int>*>(2);
    { auto gone = std::move(from); }
    std::unique_ptr<int> item;
    const auto refused = to.send(&item);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::closed);
    EXPECT_EQ(refused.error().item, &item);
    auto again = to.subscribe();
    EXPECT_TRUE(to.send(&item));
    EXPECT_EQ(again.try_recv()->item, &item);
}

TEST(Watch, ShowsTheNewestValueOnce) {
    on_shards(2, []() -> task<void> {
        auto [to, from] = watch_channel<std::string>("first");
        EXPECT_FALSE(from.has_changed());
        EXPECT_EQ(from.get(), "first");
        auto watching =
            start(placement::pinned(1), [](watch_receiver<std::string> in) -> task<std::string> {
                co_return (co_await in.changed()).value_or("nothing");
            }(from));
        co_await turns();
        EXPECT_TRUE(to.send("second"));
        EXPECT_EQ(co_await std::move(watching), "second");
        to.modify([](std::string& value) { value += " and more"; });
        EXPECT_TRUE(from.has_changed());
        EXPECT_EQ(co_await from.changed(), "second and more");
        EXPECT_FALSE(from.has_changed());
        EXPECT_EQ(to.get(), "second and more");
        EXPECT_TRUE(to.send("last"));
        { auto gone = std::move(to); }
        EXPECT_EQ(co_await from.changed(), "last");
        EXPECT_EQ((co_await from.changed()).error(), errc::closed);
    });
}

TEST(Watch, WithoutReceiversTheValueComesBack) {
    auto [to, from] = watch_channel(1);
    { auto gone = std::move(from); }
    const auto refused = to.send(2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::closed);
    EXPECT_EQ(to.get(), 1);
    auto again = to.subscribe();
    EXPECT_TRUE(to.send(3));
    EXPECT_TRUE(again.has_changed());
    EXPECT_EQ(again.get(), 3);
}

TEST(Watch, ACancelledWaitHasSeenNothing) {
    on_shards(1, []() -> task<void> {
        auto [to, from] = watch_channel(1);
        auto waiting =
            start(placement::local(), [](watch_receiver<int>& in) -> task<std::error_code> {
                co_return (co_await in.changed()).error();
            }(from));
        co_await turns();
        EXPECT_TRUE(to.send(2));
        waiting.request_stop();
        EXPECT_TRUE(cancelled(co_await std::move(waiting)));
        EXPECT_TRUE(from.has_changed());
        EXPECT_EQ(co_await from.changed(), 2);
    });
}

TEST(Broadcast, ACapacityBeyondAllMemoryIsSaidToBe) {
    EXPECT_THROW((void)broadcast_channel<int>(~std::uint64_t{0}), std::bad_alloc);
}

}  // namespace
}  // namespace spargio::sync_test
