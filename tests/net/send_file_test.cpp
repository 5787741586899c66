// Files to connections, and connections to files, through a pipe.

#include <sys/mman.h>

#include "net_steps.hpp"
#include "spargio/net/send_file.hpp"
#include "spargio/net/unix_stream.hpp"

namespace spargio::net_test {
namespace {

fs::file file_of(std::span<const std::byte> bytes) {
    const int number = ::memfd_create("spargio", MFD_CLOEXEC);
    EXPECT_EQ(::write(number, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return fs::file::from_fd(number);
}
std::vector<std::byte> content_of(const fs::file& file) {
    std::vector<std::byte> bytes(1 << 20);
    bytes.resize(static_cast<std::size_t>(::pread(file.fd(), bytes.data(), bytes.size(), 0)));
    return bytes;
}

task<transferred> send_and_end(tcp_stream& to, const fs::file& from, std::uint64_t offset,
                               std::uint64_t count) {
    const auto done = co_await send_file(to, from, offset, count);
    value_or_throw(co_await to.shutdown(shutdown_how::write));
    co_return done;
}

TEST(SendFile, SendsTheWholeOfItOrAPart) {
    on_shards(1, []() -> task<void> {
        const std::size_t before = open_descriptors();
        {
            const auto bytes = pattern(300'001, 1);
            const fs::file file = file_of(bytes);
            struct {
                std::uint64_t offset, count, expected;
            } const parts[] = {{0, ~std::uint64_t{0}, 300'001},
                               {0, 300'001, 300'001},
                               {1000, 70'000, 70'000},
                               {299'000, 5000, 1001},
                               {0, 0, 0},
                               {300'001, 10, 0},
                               {400'000, 10, 0}};
            for (const auto& part : parts) {
                two_ends ends = co_await connection();
                auto [done, sum] =
                    co_await when_all(send_and_end(ends.client, file, part.offset, part.count),
                                      sum_to_end(ends.server, 4096));
                EXPECT_FALSE(done.error) << done.error;
                EXPECT_EQ(done.bytes, part.expected);
                const std::size_t from = std::min<std::size_t>(part.offset, bytes.size());
                EXPECT_EQ(sum, sum_of(std::span(bytes).subspan(from, part.expected)));
            }
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(SplicePipe, AnOffsetNoFileHasIsRefused) {
    on_shards(1, []() -> task<void> {
        fs::file file = file_of(pattern(100, 1));
        EXPECT_EQ(::lseek(file.fd(), 0, SEEK_SET), 0);
        auto pipe = value_or_throw(splice_pipe::open());
        for (const std::uint64_t offset : {std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
            const auto filled = co_await pipe.fill_from(file, offset);
            EXPECT_FALSE(filled);
            EXPECT_EQ(pipe.held(), 0u);
        }
        EXPECT_EQ(value_or_throw(co_await pipe.fill_from(file, 0)), 100u);
        for (const std::uint64_t offset : {std::uint64_t{1} << 63, ~std::uint64_t{0}})
            EXPECT_FALSE(co_await pipe.drain_to(file, offset));
        EXPECT_EQ(pipe.held(), 100u);
    });
}

/// How far it came, told by itself.
task<transferred> send_only(tcp_stream& to, const fs::file& from) {
    co_return co_await send_file(to, from);
}

TEST(SendFile, ExactlyTheBytesItTellsOfArrive) {
    on_shards(1, []() -> task<void> {
        const auto bytes = pattern(8 << 20, 9);
        const fs::file file = file_of(bytes);
        for (unsigned round = 0; round < 20; ++round) {
            two_ends ends = co_await connection();
            auto sending = value_or_throw(this_shard::spawn(send_only(ends.client, file)));
            // What the peer has seen of it when the stop comes, was on its way for certain.
            std::vector<std::byte> head(10'000 * round);
            value_or_throw(co_await ends.server.read_exact(head));
            sending.request_stop();
            const transferred done = co_await std::move(sending);
            EXPECT_EQ(done.error, std::errc::operation_canceled);
            auto [ended, sum] = co_await when_all(
                [](tcp_stream& stream) -> task<int> {
                    value_or_throw(co_await stream.shutdown(shutdown_how::write));
                    co_return 0;
                }(ends.client),
                sum_to_end(ends.server, 65'536));
            EXPECT_GE(done.bytes, head.size());
            EXPECT_EQ(sum, sum_of(std::span(bytes).subspan(head.size(), done.bytes - head.size())));
            EXPECT_TRUE(std::ranges::equal(head, std::span(bytes).first(head.size())));
        }
    });
}

TEST(SendFile, APeerThatIsGoneIsAnErrorAndNoSignal) {
    on_shards(1, []() -> task<void> {
        const auto bytes = pattern(1 << 20, 1);
        const fs::file file = file_of(bytes);
        auto [one, other] = value_or_throw(unix_stream::pair());
        value_or_throw(co_await other.close());
        const auto done = co_await send_file(one, file);
        EXPECT_EQ(done.error, std::errc::broken_pipe);
        EXPECT_EQ(done.bytes, 0u);
        const fs::file closed = fs::file::from_fd(-1);
        EXPECT_EQ((co_await send_file(one, closed)).error, std::errc::bad_file_descriptor);
    });
}

TEST(SplicePipe, MovesAConnectionIntoAFileAndAnother) {
    on_shards(1, []() -> task<void> {
        two_ends from = co_await connection();
        two_ends to = co_await connection();
        splice_pipe pipe = value_or_throw(splice_pipe::open());
        fs::file file = file_of({});
        const auto bytes = pattern(50'000, 3);
        value_or_throw(co_await from.client.write_all(bytes));
        value_or_throw(co_await from.client.shutdown(shutdown_how::write));
        std::uint64_t written = 0;
        for (;;) {
            const auto filled = value_or_throw(co_await pipe.fill_from(from.server, 10'000));
            EXPECT_LE(filled, 10'000u);
            if (filled == 0)
                break;
            EXPECT_EQ(pipe.held(), filled);
            while (pipe.held() != 0)
                written += value_or_throw(co_await pipe.drain_to(file, written));
        }
        EXPECT_EQ(content_of(file), bytes);

        value_or_throw(co_await to.client.write_all(bytes_of("on and on")));
        value_or_throw(co_await pipe.fill_from(to.server));
        value_or_throw(co_await pipe.drain_to(from.server));
        std::array<std::byte, 9> word;
        value_or_throw(co_await from.client.read_exact(word));
        EXPECT_EQ(text_of(word), "on and on");
    });
}

TEST(SplicePipe, WhatIsInItSurvivesADrainThatFailsOrIsStopped) {
    on_shards(1, []() -> task<void> {
        splice_pipe pipe = value_or_throw(splice_pipe::open());
        const fs::file file = file_of(bytes_of("kept"));
        EXPECT_EQ(value_or_throw(co_await pipe.fill_from(file, 0)), 4u);
        auto [gone, gone_too] = value_or_throw(unix_stream::pair());
        value_or_throw(co_await gone_too.close());
        EXPECT_FALSE(co_await pipe.drain_to(gone));
        EXPECT_EQ(pipe.held(), 4u);
        auto draining = value_or_throw(this_shard::spawn(
            [](splice_pipe& full, unix_stream& into) -> task<result<std::size_t>> {
                co_return co_await full.drain_to(into);
            }(pipe, gone)));
        draining.request_stop();
        EXPECT_FALSE(co_await std::move(draining));
        EXPECT_EQ(pipe.held(), 4u);
        auto [one, other] = value_or_throw(unix_stream::pair());
        EXPECT_EQ(value_or_throw(co_await pipe.drain_to(one)), 4u);
        std::array<std::byte, 4> word;
        value_or_throw(co_await other.read_exact(word));
        EXPECT_EQ(text_of(word), "kept");
    });
}

TEST(SplicePipe, WaitingForAStreamKeepsNoKernelWorker) {
    // With one worker, no other splice could be done while one waited in it.
    run_with(shards(1).io_workers(1), []() -> task<void> {
        two_ends ends = co_await connection();
        splice_pipe pipe = value_or_throw(splice_pipe::open());
        auto filling = value_or_throw(this_shard::spawn(
            [](splice_pipe& empty, tcp_stream& from) -> task<result<std::size_t>> {
                co_return co_await empty.fill_from(from);
            }(pipe, ends.server)));
        for (int turn = 0; turn < 10; ++turn)
            co_await yield();
        splice_pipe other = value_or_throw(splice_pipe::open());
        const fs::file file = file_of(bytes_of("file"));
        EXPECT_EQ(value_or_throw(co_await other.fill_from(file, 0)), 4u);
        EXPECT_FALSE(filling.is_done());
        value_or_throw(co_await ends.client.write_all(bytes_of("x")));
        EXPECT_EQ(value_or_throw(co_await std::move(filling)), 1u);
    });
}

}  // namespace
}  // namespace spargio::net_test
