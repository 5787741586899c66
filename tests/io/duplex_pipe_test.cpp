#include "spargio/io/duplex_pipe.hpp"

#include "io_steps.hpp"

namespace spargio::io_test {
namespace {

using std::errc::broken_pipe;
using std::errc::operation_canceled;

static_assert(async_duplex_stream<duplex_end>);

task<result<std::string>> read_text(duplex_end& end, std::size_t most) {
    std::string text(most, ' ');
    const auto count = co_await end.read_some(std::as_writable_bytes(std::span(text)));
    if (!count)
        co_return failure(count.error());
    text.resize(*count);
    co_return text;
}

task<std::string> read_rest(duplex_end& end) {
    std::vector<std::byte> all;
    value_or_throw(co_await read_to_end(end, all, 1 << 20));
    co_return std::string(text_of(all));
}

task<void> write_and_end(duplex_end& end, std::string text) {
    value_or_throw(co_await write_all(end, bytes_of(text)));
    value_or_throw(co_await end.shutdown(shutdown_how::write));
}

TEST(DuplexPipe, WhatOneEndWritesTheOtherReads) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        EXPECT_EQ(co_await first.write_some(bytes_of("there")), 5u);
        EXPECT_EQ(co_await second.write_some(bytes_of("back")), 4u);
        EXPECT_EQ(co_await read_text(second, 3), "the");
        EXPECT_EQ(co_await read_text(second, 10), "re");
        EXPECT_EQ(co_await read_text(first, 10), "back");
    });
}

TEST(DuplexPipe, HoldsItsCapacityAndNoMore) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(8);
        EXPECT_EQ(co_await first.write_some(bytes_of("0123456789")), 8u);
        EXPECT_EQ((co_await timeout(1s, first.write_some(bytes_of("x")))).error(),
                  std::errc::timed_out);
        EXPECT_EQ(co_await read_text(second, 2), "01");
        EXPECT_EQ(co_await first.write_some(bytes_of("89ab")), 2u);
        EXPECT_EQ(co_await read_text(second, 20), "23456789");
    });
}

TEST(DuplexPipe, EveryByteComesOnceAndInOrderThroughAnyCapacity) {
    for (const std::size_t capacity : {1u, 2u, 3u, 7u, 64u, 4096u}) {
        for (const unsigned shards : {1u, 2u}) {
            on_shards(shards, [=]() -> task<void> {
                auto [first, second] = duplex_pipe(capacity);
                const std::string sent = pattern(3000);
                const auto where = placement::pinned(shards - 1);
                auto writing = value_or_throw(
                    this_runtime().spawn(where, [&] { return write_and_end(first, sent); }));
                EXPECT_EQ(co_await read_rest(second), sent);
                co_await writing;
            });
        }
    }
}

TEST(DuplexPipe, ShutdownOfTheWriteSideLetsTheOtherReadToTheEnd) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        EXPECT_TRUE(co_await first.write_some(bytes_of("last")));
        EXPECT_TRUE(co_await first.shutdown(shutdown_how::write));
        EXPECT_EQ((co_await first.write_some(bytes_of("x"))).error(), broken_pipe);
        EXPECT_EQ(co_await read_text(second, 10), "last");
        EXPECT_EQ(co_await read_text(second, 10), "");
        // The other direction stands.
        EXPECT_TRUE(co_await second.write_some(bytes_of("answer")));
        EXPECT_EQ(co_await read_text(first, 10), "answer");
    });
}

TEST(DuplexPipe, ShutdownOfTheReadSideEndsOwnReadsAndTheOthersWrites) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        EXPECT_TRUE(co_await second.write_some(bytes_of("unread")));
        EXPECT_TRUE(co_await first.shutdown(shutdown_how::read));
        EXPECT_EQ(co_await read_text(first, 10), "");
        EXPECT_EQ((co_await second.write_some(bytes_of("x"))).error(), broken_pipe);
        EXPECT_TRUE(co_await first.write_some(bytes_of("on")));
        EXPECT_EQ(co_await read_text(second, 10), "on");
    });
}

TEST(DuplexPipe, TheEndOfOneEndWakesWhoWaitsAtTheOther) {
    for (const unsigned where : {0u, 1u}) {
        on_shards(2, [=]() -> task<void> {
            auto [first, second] = duplex_pipe(4);
            EXPECT_TRUE(co_await second.write_some(bytes_of("full")));
            auto reading = value_or_throw(this_runtime().spawn(
                placement::pinned(where), [&] { return read_text(second, 10); }));
            const auto write = [&]() -> task<result<std::size_t>> {
                co_return co_await second.write_some(bytes_of("x"));
            };
            auto writing = value_or_throw(this_runtime().spawn(placement::pinned(where), write));
            EXPECT_TRUE(co_await sleep_for(1s));
            EXPECT_FALSE(reading.is_done());
            EXPECT_FALSE(writing.is_done());
            { const duplex_end closed = std::move(first); }
            EXPECT_EQ(co_await reading, "");
            EXPECT_EQ((co_await writing).error(), broken_pipe);
        });
    }
}

TEST(DuplexPipe, AStopEndsAWaitAndLosesNothing) {
    for (const unsigned where : {0u, 1u}) {
        on_shards(2, [=]() -> task<void> {
            auto [first, second] = duplex_pipe(4);
            auto reading = value_or_throw(this_runtime().spawn(
                placement::pinned(where), [&] { return read_text(second, 10); }));
            EXPECT_TRUE(co_await sleep_for(1s));
            reading.request_stop();
            EXPECT_EQ((co_await reading).error(), operation_canceled);
            EXPECT_TRUE(co_await first.write_some(bytes_of("full")));
            const auto write = [&]() -> task<result<std::size_t>> {
                co_return co_await first.write_some(bytes_of("lost"));
            };
            auto writing = value_or_throw(this_runtime().spawn(placement::pinned(where), write));
            EXPECT_TRUE(co_await sleep_for(1s));
            writing.request_stop();
            EXPECT_EQ((co_await writing).error(), operation_canceled);
            EXPECT_EQ(co_await read_text(second, 10), "full");
            EXPECT_TRUE(co_await first.shutdown(shutdown_how::write));
            EXPECT_EQ(co_await read_text(second, 10), "");
        });
    }
}

TEST(DuplexPipe, WhoIsAlwaysServedAtOnceStarvesNobody) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        bool other_ran = false;
        auto other = *this_shard::spawn([&]() -> task<void> {
            other_ran = true;
            co_return;
        });
        for (int i = 0; i < 1000 && !other_ran; ++i) {
            EXPECT_EQ(co_await first.write_some(bytes_of("x")), 1u);
            EXPECT_EQ(co_await read_text(second, 1), "x");
        }
        EXPECT_TRUE(other_ran);
        co_await other;
    });
}

/// On real threads: reads and writes of tasks that may run anywhere, with stops in between.
TEST(RealDuplexPipe, StopsRaceBytesAndNoneIsLost) {
    runtime own = *runtime_builder().shards(2).build();
    const std::uint64_t seed = testing::process_seed();
    for (int round = 0; round < 20; ++round) {
        auto [first, second] = duplex_pipe(3);
        const std::string sent = pattern(2000, seed);
        auto writing = own.handle().spawn(
            placement::stealable(), [&]() -> task<void> { return write_and_end(first, sent); });
        auto reading = own.handle().spawn(placement::stealable(), [&]() -> task<std::string> {
            testing::random_source random(seed);
            std::string all;
            for (;;) {
                const auto got = co_await timeout(std::chrono::nanoseconds(random.below(5'000)),
                                                  read_text(second, 1 + random.below(5)));
                if (!got)
                    EXPECT_EQ(got.error(), std::errc::timed_out);
                else if (got->empty())
                    co_return all;
                else
                    all += *got;
            }
        });
        EXPECT_EQ(reading->wait(), sent);
        writing->wait();
    }
}

}  // namespace
}  // namespace spargio::io_test
