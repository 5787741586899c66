// Descriptors that are closed in the very turn in which something was begun on them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <vector>

#include "spargio/net/splice_pipe.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/net/unix_stream.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "stream_steps.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

using stream_pair = std::pair<unix_stream, unix_stream>;

stream_pair make_pair() {
    return value_or_throw(unix_stream::pair());
}

TEST(Closing, AReadJustBegunReadsItsOwnConnectionThoughTheNumberIsUsedAgain) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        std::optional<unix_stream> read_from(std::move(ends.second));
        std::optional<stream_pair> others;
        std::array<std::byte, 8> buffer;
        auto reading = value_or_throw(this_shard::spawn(
            [](unix_stream& stream, std::span<std::byte> into) -> task<result<std::size_t>> {
                co_return co_await stream.read_some(into);
            }(*read_from, buffer)));
        auto closing = value_or_throw(this_shard::spawn(
            [](std::optional<unix_stream>& closed, std::optional<stream_pair>& made) -> task<void> {
                const int number = closed->fd();
                closed.reset();
                made.emplace(make_pair());
                EXPECT_EQ(made->first.fd(), number);
                co_return;
            }(read_from, others)));
        co_await std::move(closing);
        value_or_throw(co_await others->second.write_all(bytes_of("theirs")));
        value_or_throw(co_await ends.first.write_all(bytes_of("ours")));
        EXPECT_EQ(value_or_throw(co_await std::move(reading)), 4u);
        EXPECT_EQ(text_of(std::span(buffer).first(4)), "ours");
    });
}

/// Closes `closed` and yields a pair whose first has its number.
task<stream_pair> close_and_use_again(unix_stream& closed) {
    const int number = closed.fd();
    value_or_throw(co_await closed.close());
    stream_pair made = make_pair();
    EXPECT_EQ(made.first.fd(), number);
    co_return made;
}

/// What `peer` gets before its other end ends.
task<std::size_t> bytes_at(unix_stream& peer, unix_stream& other_end) {
    value_or_throw(co_await other_end.shutdown(shutdown_how::write));
    co_return (co_await sum_to_end(peer, 4096)).count();
}

TEST(Closing, WhatIsSplicedWhileItsStreamClosesIsNotTheNextOnes) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        auto pipe = value_or_throw(splice_pipe::open());
        auto filling = value_or_throw(this_shard::spawn(
            [](splice_pipe& into, unix_stream& from) -> task<result<std::size_t>> {
                co_return co_await into.fill_from(from);
            }(pipe, ends.second)));
        co_await yield();
        stream_pair others = co_await close_and_use_again(ends.second);
        value_or_throw(co_await others.second.write_all(bytes_of("theirs")));
        value_or_throw(co_await ends.first.write_all(bytes_of("ours")));
        EXPECT_EQ((co_await std::move(filling)).error(), std::errc::bad_file_descriptor);
        EXPECT_EQ(co_await bytes_at(others.first, others.second), 6u);
    });
}

TEST(Closing, WhatIsLentWhileItsStreamClosesDoesNotReachTheNextOne) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        auto sending = value_or_throw(
            this_shard::spawn(ends.second.write_all_zero_copy(std::vector<std::byte>(4'000'000))));
        co_await yield();
        stream_pair others = co_await close_and_use_again(ends.second);
        // Makes room, so that what is under way ends and there is more to be sent.
        EXPECT_LT((co_await sum_to_end(ends.first, 100'000)).count(), 4'000'000u);
        EXPECT_EQ(co_await bytes_at(others.second, others.first), 0u);
        EXPECT_EQ((co_await std::move(sending)).error(), std::errc::bad_file_descriptor);
    });
}

bool is_open(int number) {
    return ::fcntl(number, F_GETFD) >= 0;
}

TEST(Closing, ACloseThatNobodyAwaitsClosesAllTheSame) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        const int of_stream = ends.first.fd();
        {
            [[maybe_unused]] auto made = ends.first.close();
            EXPECT_TRUE(is_open(of_stream));
            EXPECT_LT(ends.first.fd(), 0);
        }
        EXPECT_FALSE(is_open(of_stream));
        auto receiver = value_or_throw(unix_datagram::unbound());
        const int of_datagrams = receiver.fd();
        { [[maybe_unused]] auto made = receiver.close(); }
        EXPECT_FALSE(is_open(of_datagrams));
        co_return;
    });
}

TEST(Closing, ACloseThatIsDoneClosesNothingOnceMore) {
    on_shards(1, []() -> task<void> {
        stream_pair ends = make_pair();
        const int number = ends.first.fd();
        std::optional<unix_datagram> next;
        {
            auto closing = ends.first.close();
            value_or_throw(co_await closing);
            next = value_or_throw(unix_datagram::unbound());
            EXPECT_EQ(next->fd(), number);
        }
        EXPECT_TRUE(is_open(number));
        EXPECT_EQ((co_await ends.first.close()).error(), std::errc::bad_file_descriptor);
    });
}

}  // namespace
}  // namespace spargio::net_test
