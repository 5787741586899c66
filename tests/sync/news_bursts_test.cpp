// News in short bursts, each after everybody has seen all of the one before: who lines up in the
// middle of one is not left waiting, and the last is seen though the end comes right behind it.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <type_traits>

#include "spargio/core/pause.hpp"
#include "spargio/sync/broadcast.hpp"
#include "spargio/sync/watch.hpp"
#include "spargio/testing/random_source.hpp"
#include "sync_steps.hpp"

namespace spargio::sync_test {
namespace {

constexpr std::uint64_t longest_burst = 3;

/// So many line up one after the other that the next number comes while one of them does.
constexpr std::size_t listeners = 16;
/// The last number that each of them, and maybe a thread, has seen.
using seen_by_each = std::array<std::atomic<std::uint64_t>, listeners + 1>;

struct broadcasts {
    using sender = broadcast_sender<std::uint64_t>;
    using receiver = broadcast_receiver<std::uint64_t>;

    static auto make() { return broadcast_channel<std::uint64_t>(longest_burst); }
    static void send(sender& to, std::uint64_t number) { EXPECT_TRUE(to.send(number)); }
    static void note(const broadcast_item<std::uint64_t>& got, std::atomic<std::uint64_t>& seen) {
        EXPECT_EQ(got.missed, 0u);
        EXPECT_EQ(got.item, seen + 1);
        seen = got.item;
    }
    static task<void> listen(receiver from, std::atomic<std::uint64_t>& seen) {
        auto got = co_await from.recv();
        for (; got; got = co_await from.recv())
            note(*got, seen);
        EXPECT_EQ(got.error(), errc::closed);
    }
    static void listen_in_thread(receiver from, std::atomic<std::uint64_t>& seen,
                                 std::uint64_t /*last*/) {
        for (;;) {
            const auto got = from.try_recv();
            if (got) {
                note(*got, seen);
            } else if (got.error() == errc::closed) {
                return;
            } else {
                std::this_thread::yield();
            }
        }
    }
};

struct watches {
    using sender = watch_sender<std::uint64_t>;
    using receiver = watch_receiver<std::uint64_t>;

    static auto make() { return watch_channel(std::uint64_t{0}); }
    static void send(sender& to, std::uint64_t number) { EXPECT_TRUE(to.send(number)); }
    static task<void> listen(receiver from, std::atomic<std::uint64_t>& seen) {
        auto got = co_await from.changed();
        for (; got; got = co_await from.changed()) {
            EXPECT_GT(*got, seen) << "told twice";
            seen = *got;
        }
        EXPECT_EQ(got.error(), errc::closed);
    }
    static void listen_in_thread(receiver from, std::atomic<std::uint64_t>& seen,
                                 std::uint64_t last) {
        while (seen != last) {
            if (from.has_changed())
                seen = from.get();
            else
                std::this_thread::yield();
        }
    }
};

template <class Channel>
class NewsBursts : public ::testing::Test {};

using channels = ::testing::Types<broadcasts, watches>;
struct names {
    template <class Channel>
    static std::string GetName(int) {
        return std::is_same_v<Channel, watches> ? "watch" : "broadcast";
    }
};
TYPED_TEST_SUITE(NewsBursts, channels, names);

/// Up to about as long as it takes to wake a shard, but mostly much less.
void some_while(testing::random_source& random) {
    detail::pause_for(static_cast<int>(random.below(std::uint64_t{1} << random.below(10))));
}

/// Sends `last` numbers and goes.
template <class Channel>
void send_in_bursts(typename Channel::sender to, std::uint64_t last,
                    std::span<const std::atomic<std::uint64_t>> seen, std::uint64_t seed) {
    testing::random_source random(seed);
    for (std::uint64_t sent = 0; sent != last;) {
        detail::backoff between_looks;
        while (std::ranges::any_of(seen, [&](const auto& each) { return each != sent; }))
            between_looks.wait();
        const std::uint64_t burst = std::min(1 + random.below(longest_burst), last - sent);
        for (std::uint64_t i = 0; i != burst; ++i) {
            some_while(random);
            Channel::send(to, ++sent);
        }
    }
    some_while(random);
}

TYPED_TEST(NewsBursts, LeaveNobodyWaitingAndAreSeenToTheEnd) {
    const std::uint64_t seed = testing::process_seed();
    SCOPED_TRACE(seed);
    on_shards(2, [seed]() -> task<void> {
        testing::random_source random(seed);
        for (std::uint64_t round = stress::times(1'000); round != 0; --round) {
            const std::uint64_t last = 1 + random.below(12);
            const std::uint64_t with = random.next();
            const bool with_thread = round % 4 == 0;
            seen_by_each all{};
            const std::span seen = std::span(all).first(listeners + (with_thread ? 1 : 0));
            std::vector<join_handle<void>> tasks;
            std::vector<std::jthread> threads;
            {
                auto [to, from] = TypeParam::make();
                for (std::size_t i = 0; i != listeners; ++i)
                    tasks.push_back(
                        start(placement::pinned(i % 2), TypeParam::listen(from, seen[i])));
                if (with_thread) {
                    threads.emplace_back([seen, last, in = from]() mutable {
                        TypeParam::listen_in_thread(std::move(in), seen.back(), last);
                    });
                }
                threads.emplace_back([seen, last, with, out = to]() mutable {
                    send_in_bursts<TypeParam>(std::move(out), last, seen, with);
                });
            }
            for (auto& each : tasks)
                co_await std::move(each);
            threads.clear();
            for (const auto& each : seen)
                EXPECT_EQ(each, last);
        }
    });
}

}  // namespace
}  // namespace spargio::sync_test
