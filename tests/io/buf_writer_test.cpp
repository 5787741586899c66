#include "spargio/io/buf_writer.hpp"

#include "io_steps.hpp"

namespace spargio::io_test {
namespace {

static_assert(async_write_stream<buf_writer<scripted_stream>>);

TEST(BufWriter, SmallWritesAreOneAndReachTheStreamByFlush) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        buf_writer<scripted_stream&> writer(stream, 16);
        for (const char* part : {"small ", "pieces"})
            EXPECT_EQ(co_await writer.write_some(bytes_of(part)), 6u);
        EXPECT_EQ(stream.written, "");
        EXPECT_EQ(text_of(writer.buffered()), "small pieces");
        EXPECT_TRUE(co_await writer.flush());
        EXPECT_EQ(stream.written, "small pieces");
        EXPECT_EQ(stream.writes, 1u);
        EXPECT_TRUE(co_await writer.flush());
        EXPECT_EQ(stream.writes, 1u);
    });
}

TEST(BufWriter, WhatDoesNotFitFlushesFirst) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        buf_writer<scripted_stream&> writer(stream, 8);
        EXPECT_TRUE(co_await write_all(writer, bytes_of("01234")));
        EXPECT_TRUE(co_await write_all(writer, bytes_of("567")));
        EXPECT_EQ(stream.written, "");
        EXPECT_TRUE(co_await write_all(writer, bytes_of("89")));
        EXPECT_EQ(stream.written, "01234567");
        EXPECT_EQ(text_of(writer.buffered()), "89");
    });
}

TEST(BufWriter, LargeWritesGoPastTheBufferAndOvertakeNothing) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        buf_writer<scripted_stream&> writer(stream, 8);
        EXPECT_TRUE(co_await write_all(writer, bytes_of("first,")));
        EXPECT_EQ(co_await writer.write_some(bytes_of("then what is large")), 18u);
        EXPECT_EQ(stream.written, "first,then what is large");
        EXPECT_TRUE(writer.buffered().empty());
    });
}

TEST(BufWriter, AnErrorTakesNothingMoreAndKeepsTheRest) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        stream.fails_after = 3;
        buf_writer<scripted_stream&> writer(stream, 8);
        EXPECT_TRUE(co_await write_all(writer, bytes_of("012345")));
        EXPECT_EQ((co_await writer.write_some(bytes_of("678"))).error(), std::errc::broken_pipe);
        EXPECT_EQ(text_of(writer.buffered()), "345");
        stream.fails_after = 100;
        EXPECT_TRUE(co_await write_all(writer, bytes_of("678")));
        EXPECT_TRUE(co_await writer.flush());
        EXPECT_EQ(stream.written, "012345678");
    });
}

TEST(BufWriter, AStreamThatTakesNothingIsNotAskedForEver) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        stream.most = 0;
        stream.most_writes = 10;
        buf_writer<scripted_stream&> writer(stream, 8);
        EXPECT_TRUE(co_await write_all(writer, bytes_of("0123")));
        EXPECT_EQ((co_await writer.flush()).error(), errc::nothing_written);
        EXPECT_EQ(text_of(writer.buffered()), "0123");
    });
}

TEST(BufWriter, ACancelledFlushGoesOnWhereItWas) {
    on_shards(1, []() -> task<void> {
        auto [end, peer] = duplex_pipe(4);
        buf_writer<duplex_end&> writer(end, 16);
        EXPECT_TRUE(co_await write_all(writer, bytes_of("0123456789")));
        EXPECT_EQ((co_await timeout(1s, writer.flush())).error(), std::errc::timed_out);
        EXPECT_EQ(text_of(writer.buffered()), "456789");
        EXPECT_EQ((co_await timeout(1s, writer.write_some(bytes_of("a longer piece")))).error(),
                  std::errc::timed_out);
        std::string read(10, ' ');
        auto [got, flushed] = co_await when_all(
            read_exact(peer, std::as_writable_bytes(std::span(read))), writer.flush());
        EXPECT_TRUE(got && flushed);
        EXPECT_EQ(read, "0123456789");
    });
}

}  // namespace
}  // namespace spargio::io_test
