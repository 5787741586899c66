// What comes while somebody is lining up for it reaches him: who gives does so as soon as the last
// one was had, when the next wait is about to begin, and gives no second time.

#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>

#include "spargio/core/pause.hpp"
#include "spargio/sync/channel.hpp"
#include "spargio/sync/event.hpp"
#include "spargio/sync/notify.hpp"
#include "spargio/sync/semaphore.hpp"
#include "spargio/testing/random_source.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

struct notifications {
    void give() { changed.notify_one(); }
    task<bool> take() { co_return (co_await changed.wait()).has_value(); }
    notify changed;
};

struct permits {
    void give() { left.release(2); }
    task<bool> take() {
        auto held = co_await left.acquire(2);
        held->forget();
        co_return true;
    }
    semaphore left{0};
};

struct flags {
    void give() { ready.set(); }
    task<bool> take() {
        const auto told = co_await ready.wait();
        ready.reset();
        co_return told.has_value();
    }
    event ready;
};

struct items {
    void give() { EXPECT_TRUE(ends.first.try_send(1)); }
    task<bool> take() { co_return (co_await ends.second.recv()).has_value(); }
    decltype(mpmc_channel<int>(1)) ends = mpmc_channel<int>(1);
};

/// A full channel: room is what is given.
struct room {
    room() { EXPECT_TRUE(ends.first.try_send(1)); }
    void give() { EXPECT_TRUE(ends.second.try_recv()); }
    task<bool> take() { co_return (co_await ends.first.send(1)).has_value(); }
    decltype(mpmc_channel<int>(1)) ends = mpmc_channel<int>(1);
};

template <class Source>
struct lane {
    Source source;
    std::atomic<std::uint64_t> taken = 0;
};

template <class Source>
class LiningUp : public ::testing::Test {};

using sources = ::testing::Types<notifications, permits, flags, items, room>;
struct names {
    template <class Source>
    static std::string GetName(int) {
        const std::string whole = ::testing::internal::GetTypeName<Source>();
        return whole.substr(whole.rfind("::") + 2);
    }
};
TYPED_TEST_SUITE(LiningUp, sources, names);

template <class Source>
task<void> take_all(lane<Source>& from, std::uint64_t rounds, std::uint64_t seed) {
    testing::random_source random(seed);
    for (std::uint64_t round = 0; round != rounds; ++round) {
        EXPECT_TRUE(co_await from.source.take());
        ++from.taken;
        detail::pause_for(static_cast<int>(random.below(16)));
    }
}

template <class Source>
void give_all(std::span<lane<Source>> lanes, std::uint64_t rounds, std::uint64_t seed) {
    testing::random_source random(seed);
    for (std::uint64_t round = 0; round != rounds; ++round) {
        for (auto& to : lanes) {
            for (detail::backoff between_looks; to.taken != round;)
                between_looks.wait();
            detail::pause_for(static_cast<int>(random.below(16)));
            to.source.give();
        }
    }
}

TYPED_TEST(LiningUp, IsNotPassedByWhatComesMeanwhile) {
    const std::uint64_t rounds = stress::times(20'000);
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(1, [rounds, seed]() -> task<void> {
        std::array<lane<TypeParam>, 2> lanes;
        std::vector<join_handle<void>> tasks;
        for (auto& each : lanes)
            tasks.push_back(start(placement::local(), take_all(each, rounds, seed + tasks.size())));
        const std::jthread giver(
            [&] { give_all(std::span<lane<TypeParam>>(lanes), rounds, seed); });
        for (auto& each : tasks)
            co_await std::move(each);
    });
}

}  // namespace
}  // namespace spargio::sync_test
