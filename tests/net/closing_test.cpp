// Descriptors that are closed in the very turn in which something was begun on them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "closing_steps.hpp"
#include "spargio/fs/file.hpp"
#include "spargio/net/splice_pipe.hpp"
#include "spargio/net/unix_datagram.hpp"
#include "spargio/ring/ops/splice.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "stream_steps.hpp"
#include "unix_steps.hpp"

namespace spargio::net_test {
namespace {

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

/// While one lives the kernel worker for splices is busy, of which the runtime has only one: so
/// that others wait.
class busy_worker {
public:
    busy_worker()
        : splicing_(value_or_throw(this_shard::spawn(splice(from_.out.get(), to_.in.get())))) {}
    /// Yields when it is free.
    task<void> release() {
        EXPECT_EQ(::write(from_.in.get(), "x", 1), 1);
        EXPECT_EQ(value_or_throw(co_await std::move(splicing_)), 1u);
    }

private:
    struct pipe_ends {
        pipe_ends() {
            int ends[2];
            EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
            out.reset(ends[0]);
            in.reset(ends[1]);
        }
        descriptor out, in;
    };
    static task<result<std::size_t>> splice(int from, int to) {
        co_return co_await detail::await_operation<splice_operation>(
            detail::decode_count(), nullptr, from, splice_operation::no_offset, to,
            splice_operation::no_offset, std::size_t{1});
    }

    pipe_ends from_, to_;
    join_handle<result<std::size_t>> splicing_;
};

/// Has `begin(ends.second)` wait for a worker while that stream closes and its number is used
/// again. \return what it yields; `others` have the number then
template <class Begin>
auto close_while_it_waits(stream_pair& ends, std::optional<stream_pair>& others, Begin begin)
    -> decltype(begin(ends.second)) {
    busy_worker worker;
    auto begun = value_or_throw(this_shard::spawn(begin(ends.second)));
    co_await some_turns();
    others = co_await close_and_use_again(ends.second);
    value_or_throw(co_await others->second.write_all(bytes_of("theirs")));
    co_await worker.release();
    co_return co_await std::move(begun);
}

TEST(Closing, WhatWaitsForAWorkerIsTakenFromItsOwnStream) {
    run_with(shards(1).io_workers(1), []() -> task<void> {
        stream_pair ends = make_pair();
        value_or_throw(co_await ends.first.write_all(bytes_of("ours")));
        auto pipe = value_or_throw(splice_pipe::open());
        std::optional<stream_pair> others;
        const auto filled = co_await close_while_it_waits(
            ends, others,
            [&](unix_stream& from) -> task<result<std::size_t>> { return pipe.fill_from(from); });
        EXPECT_EQ(filled.value_or(0), 4u);
        EXPECT_EQ(co_await bytes_at(others->first, others->second), 6u);
    });
}

TEST(Closing, WhatWaitsForAWorkerGoesToItsOwnStream) {
    run_with(shards(1).io_workers(1), []() -> task<void> {
        stream_pair ends = make_pair();
        stream_pair source = make_pair();
        value_or_throw(co_await source.first.write_all(bytes_of("ours")));
        auto pipe = value_or_throw(splice_pipe::open());
        value_or_throw(co_await pipe.fill_from(source.second));
        std::optional<stream_pair> others;
        const auto drained = co_await close_while_it_waits(
            ends, others,
            [&](unix_stream& to) -> task<result<std::size_t>> { return pipe.drain_to(to); });
        EXPECT_EQ(drained.value_or(0), 4u);
        EXPECT_EQ((co_await sum_to_end(ends.first, 4096)).count(), 4u);
        EXPECT_EQ(co_await bytes_at(others->second, others->first), 0u);
    });
}

int lowest_free_number() {
    return descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
}

TEST(Closing, AShutdownWaitsForNoWorkerAndEndsItsOwnStream) {
    run_with(shards(1).io_workers(1), []() -> task<void> {
        if (!shard::current()->features().has(feature::attempt_first))
            co_return;  // then it goes through the ring
        const scratch_directory directory;
        const std::string fifo = directory.path("fifo");
        EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
        // With create, the kernel opens in a worker, where it takes a number and waits for a
        // reader.
        const int taken = lowest_free_number();
        auto opening = value_or_throw(
            this_shard::spawn(fs::file::open(fifo, fs::open_options().write().create())));
        // Until it has taken one; not for ever, since it may have taken another while this one was
        // looked at.
        for (int look = 0; look != 200 && lowest_free_number() == taken; ++look)
            value_or_throw(co_await sleep_for(std::chrono::milliseconds(1)));
        stream_pair ends = make_pair();
        auto ending =
            value_or_throw(this_shard::spawn([](unix_stream& stream) -> task<result<void>> {
                co_return co_await stream.shutdown(shutdown_how::both);
            }(ends.second)));
        co_await some_turns();
        stream_pair others = co_await close_and_use_again(ends.second);
        const descriptor reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        EXPECT_TRUE(co_await std::move(opening));
        EXPECT_TRUE(co_await std::move(ending));
        value_or_throw(co_await others.first.write_all(bytes_of("theirs")));
        EXPECT_EQ(co_await bytes_at(others.second, others.first), 6u);
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
