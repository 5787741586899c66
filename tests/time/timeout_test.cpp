#include "spargio/time/timeout.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <thread>

#include "spargio/core/when_all.hpp"
#include "spargio/core/when_any.hpp"
#include "spargio/net/tcp_stream.hpp"
#include "spargio/runtime/run.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/runtime/yield.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "spargio/time/sleep.hpp"

namespace spargio {
namespace {

using namespace std::chrono_literals;
using std::errc::operation_canceled;
using std::errc::timed_out;

task<result<int>> after(std::chrono::nanoseconds wait, int value) {
    if (const auto slept = co_await sleep_for(wait); !slept)
        co_return failure(slept.error());
    co_return value;
}
/// The same for those who prefer exceptions.
task<int> after_or_throw(std::chrono::nanoseconds wait, int value) {
    value_or_throw(co_await sleep_for(wait));
    co_return value;
}

class Timeout : public ::testing::Test {
protected:
    Timeout() : own_(*runtime_builder().shards(2).build_on(kernel_)) {}

    std::chrono::nanoseconds now() { return std::chrono::nanoseconds(kernel_.now_ns()); }
    template <class Entry>
    auto run(Entry entry) {
        return own_.block_on(std::move(entry));
    }

    testing::simulated_kernel kernel_;
    runtime own_;
};

TEST_F(Timeout, YieldsTheValueOfWhatEndsInTime) {
    run([&]() -> task<void> {
        EXPECT_EQ(co_await timeout(1h, after(1s, 3)), 3);
        EXPECT_EQ(co_await timeout(1h, after_or_throw(1s, 4)), 4);
        const auto moved = co_await timeout(
            1h, []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); }());
        EXPECT_EQ(**moved, 5);
        EXPECT_TRUE(co_await timeout(1h, []() -> task<void> { co_return; }()));
    });
}

TEST_F(Timeout, SaysTimedOutWhenTheTimeIsUp) {
    run([&]() -> task<void> {
        const auto start = now();
        EXPECT_EQ((co_await timeout(1s, after(1h, 3))).error(), timed_out);
        EXPECT_EQ((co_await timeout(1s, after_or_throw(1h, 3))).error(), timed_out);
        EXPECT_GE(now() - start, 2s);
        EXPECT_LT(now() - start, 1h);
    });
}

TEST_F(Timeout, AtAPointInTime) {
    run([&]() -> task<void> {
        const auto when = clock::time_point(now() + 1s);
        EXPECT_EQ((co_await timeout_at(when, after(1h, 3))).error(), timed_out);
        EXPECT_GE(clock::time_point(now()), when);
        EXPECT_EQ((co_await timeout_at(when, after(1h, 3))).error(), timed_out);
        EXPECT_EQ(co_await timeout_at(clock::time_point(now() + 1h), after(1s, 6)), 6);
        EXPECT_EQ(co_await timeout_at(clock::time_point::max(), after(1s, 7)), 7);
    });
}

TEST_F(Timeout, ARealResultBeatsTheDeadline) {
    run([&]() -> task<void> {
        // Asked to stop, it has something to say all the same.
        const auto stubborn = []() -> task<result<int>> {
            const bool stopped = !co_await sleep_for(1h);
            co_return stopped ? 8 : 0;
        };
        EXPECT_EQ(co_await timeout(1s, stubborn()), 8);
        const auto other_error = []() -> task<result<int>> {
            (void)co_await sleep_for(1h);
            co_return failure(EPIPE);
        };
        EXPECT_EQ((co_await timeout(1s, other_error())).error(), std::errc::broken_pipe);
    });
}

TEST_F(Timeout, ZeroLetsWhatNeedsNoWaitingEnd) {
    run([&]() -> task<void> {
        EXPECT_EQ(co_await timeout(0ns, []() -> task<int> { co_return 9; }()), 9);
        EXPECT_EQ(co_await timeout(-1h, []() -> task<int> { co_return 9; }()), 9);
        EXPECT_EQ((co_await timeout(0ns, after(1h, 3))).error(), timed_out);
        EXPECT_EQ((co_await timeout(-1h, after(1h, 3))).error(), timed_out);
    });
}

TEST_F(Timeout, ExceptionsPass) {
    run([&]() -> task<void> {
        const auto thrower = [](bool late) -> task<int> {
            if (late)
                (void)co_await sleep_for(1h);
            throw std::runtime_error("x");
        };
        for (const bool late : {false, true}) {
            bool caught = false;
            try {
                (void)co_await timeout(1s, thrower(late));
            } catch (const std::runtime_error&) {
                caught = true;
            }
            EXPECT_TRUE(caught);
        }
    });
}

TEST_F(Timeout, ATaskOfNothingThatEndsLateTimedOut) {
    run([&]() -> task<void> {
        const auto late = []() -> task<void> { (void)co_await sleep_for(1h); };
        const auto in_time = []() -> task<void> { (void)co_await sleep_for(1ms); };
        EXPECT_EQ((co_await timeout(1s, late())).error(), timed_out);
        EXPECT_TRUE(co_await timeout(1s, in_time()));
        const auto throws_cancelled = []() -> task<void> {
            value_or_throw(co_await sleep_for(1h));
        };
        EXPECT_EQ((co_await timeout(1s, throws_cancelled())).error(), timed_out);
    });
}

TEST_F(Timeout, NestsTheShorterOneDecides) {
    run([&]() -> task<void> {
        const auto inner = [](std::chrono::nanoseconds limit) -> task<result<int>> {
            co_return co_await timeout(limit, after(1h, 3));
        };
        EXPECT_EQ((co_await timeout(2s, inner(1s))).error(), timed_out);
        EXPECT_EQ((co_await timeout(1s, inner(2s))).error(), timed_out);
        // The inner one is told apart: its parent asked it to stop.
        bool inner_cancelled = false;
        const auto watching = [&]() -> task<result<int>> {
            const auto seen = co_await timeout(1h, after(2h, 3));
            inner_cancelled = !seen && seen.error() == operation_canceled;
            co_return seen;
        };
        EXPECT_EQ((co_await timeout(1s, watching())).error(), timed_out);
        EXPECT_TRUE(inner_cancelled);
    });
}

TEST_F(Timeout, TheParentsStopIsCancelledNotTimedOut) {
    run([&]() -> task<void> {
        const auto limited = []() -> task<std::error_code> {
            co_return (co_await timeout(1h, after(2h, 3))).error();
        };
        for (const unsigned shard : {0u, 1u}) {
            auto early = *this_runtime().spawn(placement::pinned(shard), limited);
            early.request_stop();
            EXPECT_EQ(co_await early, operation_canceled);
            auto late = *this_runtime().spawn(placement::pinned(shard), limited);
            EXPECT_TRUE(co_await sleep_for(1s));
            late.request_stop();
            EXPECT_EQ(co_await late, operation_canceled);
        }
    });
}

TEST_F(Timeout, TheParentsStopFirstAndTheDeadlineLaterIsCancelled) {
    run([&]() -> task<void> {
        // It heeds its stop, but takes its time.
        const auto slow_to_stop = []() -> task<result<int>> {
            const auto slept = co_await sleep_for(1h);
            for (int turn = 0; turn < 1000; ++turn)
                co_await yield();
            co_return failure(slept.error());
        };
        const auto limited = [&]() -> task<std::error_code> {
            co_return (co_await timeout(10ms, slow_to_stop())).error();
        };
        auto stopped = *this_shard::spawn(limited);
        co_await yield();
        stopped.request_stop();
        EXPECT_EQ(co_await stopped, operation_canceled);
    });
}

TEST_F(Timeout, TheParentsStopComesFirstThoughNobodyListens) {
    run([&]() -> task<void> {
        bool end = false;
        const auto some_turns = []() -> task<void> {
            for (int turn = 0; turn < 10; ++turn)
                co_await yield();
        };
        // It waits for nothing that a stop would end.
        const auto deaf = [&]() -> task<result<int>> {
            while (!end)
                co_await yield();
            co_return failure(ECANCELED);
        };
        for (const bool asked : {true, false}) {
            end = false;
            auto limited = *this_shard::spawn([&]() -> task<std::error_code> {
                co_return (co_await timeout(1s, deaf())).error();
            });
            co_await some_turns();
            if (asked)
                limited.request_stop();
            kernel_.advance(20'000'000'000);
            co_await some_turns();
            end = true;
            EXPECT_EQ(co_await limited, asked ? operation_canceled : timed_out);
        }
    });
}

TEST_F(Timeout, WakesNobodyBeforeItIsDue) {
    run([&]() -> task<void> {
        const auto parks = this_runtime().stats(0).parks;
        EXPECT_EQ((co_await timeout(1h, sleep_for(2h))).error(), timed_out);
        EXPECT_LE(this_runtime().stats(0).parks - parks, 1u);
    });
}

/// One shard: another one might look at the clock for it.
TEST(TimeoutOfOneShard, CountsFromTheEndOfTheTurn) {
    testing::simulated_kernel kernel;
    runtime own = *runtime_builder().shards(1).build_on(kernel);
    own.block_on([&]() -> task<void> {
        auto limited = *this_shard::spawn([]() -> task<std::error_code> {
            co_return (co_await timeout(1s, after(1h, 3))).error();
        });
        std::uint64_t turn_ends = 0;
        auto long_turn = *this_shard::spawn([&]() -> task<void> {
            kernel.advance(500'000'000);
            turn_ends = kernel.now_ns();
            co_return;
        });
        EXPECT_EQ(co_await limited, timed_out);
        EXPECT_GE(kernel.now_ns() - turn_ends, 1'000'000'000u);
        EXPECT_LT(kernel.now_ns() - turn_ends, 1'100'000'000u);
        co_await long_turn;
    });
}

TEST_F(Timeout, AroundAnythingThatCanBeAwaited) {
    run([&]() -> task<void> {
        // An operation.
        EXPECT_TRUE(co_await timeout(1h, sleep_for(1s)));
        EXPECT_EQ((co_await timeout(1s, sleep_for(1h))).error(), timed_out);
        EXPECT_EQ((co_await timeout(1s, this_shard::next_event())).error(), timed_out);
        EXPECT_TRUE(this_shard::remote(0).send_raw_nowait(1, 7));
        EXPECT_EQ((co_await timeout(1s, this_shard::next_event()))->value, 7u);
        // Something with a name, which may be awaited again.
        sleep until(2s);
        EXPECT_EQ((co_await timeout(1s, until)).error(), timed_out);
        EXPECT_TRUE(co_await timeout(1h, until));
        // A handle: the joined task is asked to stop.
        auto joined = *this_shard::spawn(after(1h, 3));
        EXPECT_EQ((co_await timeout(1s, joined)).error(), timed_out);
        auto ended = *this_shard::spawn(after(1s, 4));
        EXPECT_EQ(co_await timeout(1h, std::move(ended)), 4);
        // What yields nothing, or is no result.
        EXPECT_TRUE(co_await timeout(1h, yield()));
        EXPECT_EQ(co_await timeout_at(spargio::now() + 1h, when_all(after(1s, 5))),
                  std::tuple(result<int>(5)));
        EXPECT_EQ((co_await timeout_at(spargio::now() + 1s, sleep_for(1h))).error(), timed_out);
    });
}

TEST_F(Timeout, InsideWhenAny) {
    run([&]() -> task<void> {
        const auto limited = [](std::chrono::nanoseconds limit) -> task<result<int>> {
            co_return co_await timeout(limit, after(1h, 3));
        };
        const auto first = co_await when_any(limited(2s), limited(1s));
        EXPECT_EQ(first.index(), 1u);
        EXPECT_EQ(std::get<1>(first).error(), timed_out);
    });
}

TEST(RealTimeout, NoByteIsLostToADeadline) {
    runtime own = *runtime_builder().shards(2).build();
    auto pair = testing::socket_pair::unix_stream();
    ASSERT_TRUE(pair.has_value());
    constexpr int bytes = 2000;
    auto reader =
        own.handle().spawn(placement::pinned(0), [end = pair->release_first()]() -> task<int> {
            auto stream = *tcp_stream::from_fd(end);
            std::array<std::byte, 1> byte{};
            const auto read = [&]() -> task<result<std::size_t>> {
                co_return co_await stream.read_some(byte);
            };
            int received = 0;
            while (received < bytes) {
                const auto got = co_await timeout(std::chrono::microseconds(received % 60), read());
                if (!got) {
                    EXPECT_EQ(got.error(), timed_out);
                    continue;
                }
                if (*got != 1 || byte[0] != static_cast<std::byte>(received % 251))
                    co_return -1;
                ++received;
            }
            co_return received;
        });
    for (int i = 0; i < bytes; ++i) {
        const auto byte = static_cast<std::byte>(i % 251);
        ASSERT_EQ(::write(pair->second(), &byte, 1), 1);
        if (i % 7 == 0)
            std::this_thread::yield();
    }
    EXPECT_EQ(reader->wait(), bytes);
}

TEST(RealTimeout, DeadlinesRaceEndsAndStopRequests) {
    runtime own = *runtime_builder().shards(2).build();
    for (int i = 0; i < 2000; ++i) {
        auto racing = own.handle().spawn(placement::round_robin(), [i]() -> task<bool> {
            const auto ended = co_await timeout(std::chrono::microseconds(i % 10),
                                                after(std::chrono::microseconds(i % 7), i));
            co_return ended ? *ended == i
                            : ended.error() == timed_out || ended.error() == operation_canceled;
        });
        if (i % 2 == 0) {
            for (int spin = 0; spin < i % 30; ++spin)
                std::this_thread::yield();
            racing->request_stop();
        }
        EXPECT_TRUE(racing->wait());
    }
}

}  // namespace
}  // namespace spargio
