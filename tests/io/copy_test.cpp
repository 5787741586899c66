#include "spargio/io/copy.hpp"

#include "io_steps.hpp"
#include "spargio/io/split.hpp"

namespace spargio::io_test {
namespace {

TEST(Copy, CopiesAllToTheEndThroughAnyBuffer) {
    const std::string whole = pattern(5'000);
    testing::random_source random(testing::process_seed());
    for (const std::size_t buffer : {1u, 7u, 4096u, 100'000u}) {
        on_shards(1, [&]() -> task<void> {
            scripted_stream from(cut_at_random(whole, random, 900)), to;
            to.most = 300;
            EXPECT_EQ(co_await copy(from, to, buffer), whole.size());
            EXPECT_EQ(to.written, whole);
            EXPECT_EQ(co_await copy(from, to, buffer), 0u);
        });
    }
}

TEST(Copy, AnErrorOfEitherStreamIsTheAnswer) {
    on_shards(1, []() -> task<void> {
        scripted_stream from({"abc"}), to;
        from.end = std::make_error_code(std::errc::connection_reset);
        EXPECT_EQ((co_await copy(from, to)).error(), std::errc::connection_reset);
        EXPECT_EQ(to.written, "abc");
        scripted_stream more({"abc", "def"});
        to.fails_after = 4;
        EXPECT_EQ((co_await copy(more, to)).error(), std::errc::broken_pipe);
    });
}

TEST(Copy, AStreamThatTakesNothingIsNotAskedForEver) {
    on_shards(1, []() -> task<void> {
        scripted_stream from({"abc"}), to;
        to.most = 0;
        to.most_writes = 10;
        buf_reader<scripted_stream&> reader(from, 16);
        EXPECT_EQ((co_await copy(reader, to)).error(), errc::nothing_written);
        EXPECT_EQ(text_of(reader.buffered()), "abc");
    });
}

TEST(Copy, FromABufferItIsMadeAgainAfterACancelAndNothingIsLost) {
    on_shards(1, []() -> task<void> {
        auto [source, from] = duplex_pipe(64);
        auto [to, sink] = duplex_pipe(4);
        buf_reader<duplex_end&> reader(from, 16);
        EXPECT_TRUE(co_await write_all(source, bytes_of("0123456789")));
        EXPECT_TRUE(co_await source.shutdown(shutdown_how::write));
        std::string all;
        for (bool over = false; !over;) {
            over = (co_await timeout(1s, copy(reader, to))).has_value();
            std::string read(4, ' ');
            const auto count =
                value_or_throw(co_await sink.read_some(std::as_writable_bytes(std::span(read))));
            all += read.substr(0, count);
        }
        EXPECT_EQ(all, "0123456789");
    });
}

/// client <-> proxy <-> server
struct proxied {
    explicit proxied(std::size_t capacity)
        : proxied(duplex_pipe(capacity), duplex_pipe(capacity)) {}
    proxied(std::pair<duplex_end, duplex_end> in, std::pair<duplex_end, duplex_end> out)
        : client(std::move(in.first)),
          inside(std::move(in.second)),
          outside(std::move(out.first)),
          server(std::move(out.second)) {}
    duplex_end client, inside, outside, server;
};

task<void> send(duplex_end& end, std::string text) {
    value_or_throw(co_await write_all(end, bytes_of(text)));
    value_or_throw(co_await end.shutdown(shutdown_how::write));
}

task<std::string> receive(duplex_end& end) {
    std::vector<std::byte> all;
    value_or_throw(co_await read_to_end(end, all, 1 << 20));
    co_return std::string(text_of(all));
}

TEST(CopyBidirectional, EachWayToItsEnd) {
    on_shards(1, []() -> task<void> {
        proxied p(16);
        const std::string there = pattern(3000, 1), back = pattern(500, 2);
        auto [copied, sent, received, answered, answer] =
            co_await when_all(copy_bidirectional(p.inside, p.outside, 64), send(p.client, there),
                              receive(p.server), send(p.server, back), receive(p.client));
        EXPECT_EQ(copied, std::pair(std::uint64_t{3000}, std::uint64_t{500}));
        EXPECT_EQ(received, there);
        EXPECT_EQ(answer, back);
    });
}

TEST(CopyBidirectional, TheEndOfOneWayIsPassedOnWhileTheOtherStands) {
    on_shards(1, []() -> task<void> {
        proxied p(16);
        auto copying = *this_shard::spawn(copy_bidirectional(p.inside, p.outside));
        co_await send(p.client, "question");
        EXPECT_EQ(co_await receive(p.server), "question");
        EXPECT_TRUE(co_await sleep_for(1s));
        EXPECT_FALSE(copying.is_done());
        co_await send(p.server, "answer");
        EXPECT_EQ(co_await receive(p.client), "answer");
        EXPECT_EQ(co_await copying, std::pair(std::uint64_t{8}, std::uint64_t{6}));
    });
}

TEST(CopyBidirectional, AnErrorOfOneWayEndsTheOther) {
    on_shards(1, []() -> task<void> {
        proxied p(16);
        auto copying = *this_shard::spawn(copy_bidirectional(p.inside, p.outside));
        value_or_throw(co_await p.server.shutdown(shutdown_how::read));
        value_or_throw(co_await write_all(p.client, bytes_of("nobody reads")));
        EXPECT_EQ((co_await copying).error(), std::errc::broken_pipe);
        EXPECT_EQ(co_await receive(p.client), "");
    });
}

/// A pipe's end whose peer cannot be told of the end.
struct mute_end : duplex_end {
    explicit mute_end(duplex_end end) noexcept : duplex_end(std::move(end)) {}
    ready<result<void>> shutdown(shutdown_how how) noexcept {
        if (how == shutdown_how::write)
            return {failure(EIO)};
        (void)duplex_end::shutdown(how);
        return {{}};
    }
};

TEST(CopyBidirectional, AnEndThatCannotBePassedOnEndsTheOtherWay) {
    on_shards(1, []() -> task<void> {
        proxied p(16);
        mute_end outside(std::move(p.outside));
        co_await send(p.client, "question");
        EXPECT_EQ((co_await timeout(1s, copy_bidirectional(p.inside, outside))).error(),
                  std::errc::io_error);
        EXPECT_EQ(co_await timeout(1s, receive(p.server)), "question");
    });
}

TEST(CopyBidirectional, AStopEndsBothWays) {
    on_shards(1, []() -> task<void> {
        proxied p(16);
        EXPECT_EQ((co_await timeout(1s, copy_bidirectional(p.inside, p.outside))).error(),
                  std::errc::timed_out);
        // The streams are as they were.
        EXPECT_TRUE(co_await write_all(p.client, bytes_of("on")));
        EXPECT_TRUE(co_await p.client.shutdown(shutdown_how::write));
        EXPECT_EQ(co_await receive(p.inside), "on");
    });
}

TEST(Split, HalvesWorkOnTwoShardsAtOnce) {
    runtime own = *runtime_builder().shards(2).build();
    const std::string sent = pattern(100'000);
    auto [first, second] = duplex_pipe(64);
    auto [reader, writer] = split(std::move(first));
    auto echoing = own.handle().spawn(placement::pinned(0), [&]() -> task<void> {
        EXPECT_EQ(co_await copy(second, second), sent.size());
        value_or_throw(co_await second.shutdown(shutdown_how::write));
    });
    auto writing = own.handle().spawn(placement::pinned(1),
                                      [half = std::move(writer), &sent]() mutable -> task<void> {
                                          value_or_throw(co_await write_all(half, bytes_of(sent)));
                                          value_or_throw(co_await half.shutdown());
                                      });
    auto reading = own.handle().spawn(placement::pinned(0),
                                      [half = std::move(reader)]() mutable -> task<std::string> {
                                          std::vector<std::byte> all;
                                          value_or_throw(co_await read_to_end(half, all, 1 << 20));
                                          co_return std::string(text_of(all));
                                      });
    EXPECT_EQ(reading->wait(), sent);
    writing->wait();
    echoing->wait();
}

TEST(Split, TheStreamLivesAsLongAsTheLaterHalf) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(64);
        std::optional halves(split(std::move(first)));
        auto writer = std::move(halves->second);
        halves.reset();
        EXPECT_TRUE(co_await writer.write_some(bytes_of("still")));
        { const auto gone = std::move(writer); }
        EXPECT_EQ(co_await receive(second), "still");
        EXPECT_EQ((co_await second.write_some(bytes_of("x"))).error(), std::errc::broken_pipe);
    });
}

}  // namespace
}  // namespace spargio::io_test
