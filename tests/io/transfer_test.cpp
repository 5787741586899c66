#include "spargio/io/transfer.hpp"

#include "io_steps.hpp"

namespace spargio::io_test {
namespace {

static_assert(async_read_stream<scripted_stream> && async_write_stream<scripted_stream>);
static_assert(!async_read_stream<int> && !async_write_stream<std::string>);

TEST(Transfer, ReadExactPutsPiecesTogetherHoweverTheyCome) {
    for_each_partition("abcdefgh", [](std::deque<std::string> pieces) {
        on_shards(1, [&]() -> task<void> {
            scripted_stream stream(std::move(pieces));
            std::string read(6, ' ');
            EXPECT_TRUE(co_await read_exact(stream, std::as_writable_bytes(std::span(read))));
            EXPECT_EQ(read, "abcdef");
            EXPECT_EQ(
                (co_await read_exact(stream, std::as_writable_bytes(std::span(read)))).error(),
                errc::end_of_stream);
            EXPECT_TRUE(co_await read_exact(stream, {}));
        });
    });
}

TEST(Transfer, WriteAllGoesOnUntilAllIsTaken) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        stream.most = 3;
        EXPECT_TRUE(co_await write_all(stream, bytes_of("0123456789")));
        EXPECT_EQ(stream.written, "0123456789");
        EXPECT_EQ(stream.writes, 4u);
        EXPECT_TRUE(co_await write_all(stream, {}));
        stream.fails_after = 12;
        EXPECT_EQ((co_await write_all(stream, bytes_of("abcd"))).error(), std::errc::broken_pipe);
        EXPECT_EQ(stream.written, "0123456789ab");
    });
}

TEST(Transfer, AStreamThatTakesNothingIsNotAskedForEver) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        stream.most = 0;
        stream.most_writes = 10;
        EXPECT_EQ((co_await write_all(stream, bytes_of("abcd"))).error(), errc::nothing_written);
        EXPECT_EQ(stream.writes, 1u);
        EXPECT_TRUE(co_await write_all(stream, {}));
    });
}

TEST(Transfer, ReadToEndReadsUpToItsLimit) {
    const std::string whole = pattern(10'000);
    for (const std::size_t limit : {0u, 1u, 4095u, 4096u, 4097u, 9'999u, 10'000u, 10'001u}) {
        on_shards(1, [&]() -> task<void> {
            testing::random_source random(testing::process_seed());
            scripted_stream stream(cut_at_random(whole, random, 5'000));
            std::vector<std::byte> into(3);
            const auto count = co_await read_to_end(stream, into, limit);
            EXPECT_EQ(text_of(into).substr(3), whole.substr(0, limit));
            if (limit < whole.size()) {
                EXPECT_EQ(count.error(), errc::limit_exceeded);
            } else {
                EXPECT_EQ(count, whole.size());
            }
        });
    }
}

TEST(Transfer, ReadToEndWithoutALimitIsNoOverflow) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({"a", "b"});
        std::vector<std::byte> into;
        EXPECT_EQ(co_await read_to_end(stream, into, ~std::size_t{0}), 2u);
    });
}

TEST(Transfer, ReadToEndKeepsWhatCameBeforeAnError) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({"ab", "cd"});
        stream.end = std::make_error_code(std::errc::connection_reset);
        std::vector<std::byte> into;
        EXPECT_EQ((co_await read_to_end(stream, into, 100)).error(), std::errc::connection_reset);
        EXPECT_EQ(text_of(into), "abcd");
    });
}

TEST(Transfer, ACancelledReadToEndIsMadeAgain) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        std::vector<std::byte> into;
        EXPECT_TRUE(co_await write_all(first, bytes_of("before")));
        EXPECT_EQ((co_await timeout(1s, read_to_end(second, into, 100))).error(),
                  std::errc::timed_out);
        EXPECT_TRUE(co_await write_all(first, bytes_of(" after")));
        EXPECT_TRUE(co_await first.shutdown(shutdown_how::write));
        EXPECT_EQ(co_await read_to_end(second, into, 100), 6u);
        EXPECT_EQ(text_of(into), "before after");
    });
}

}  // namespace
}  // namespace spargio::io_test
