#include "spargio/io/framed.hpp"

#include "io_steps.hpp"
#include "spargio/io/length_delimited_codec.hpp"
#include "spargio/io/line_codec.hpp"
#include "spargio/io/split.hpp"

namespace spargio::io_test {
namespace {

static_assert(frame_codec<length_delimited_codec> && frame_codec<line_codec>);

/// All frames to the end of the stream, "!" for an error.
template <class Framed>
task<std::vector<std::string>> frames_of(Framed& frames) {
    std::vector<std::string> all;
    for (;;) {
        const auto next = co_await frames.next();
        if (!next) {
            all.push_back("!" + next.error().message());
            co_return all;
        }
        if (!*next)
            co_return all;
        if constexpr (std::same_as<typename Framed::frame, std::string_view>) {
            all.emplace_back(**next);
        } else {
            all.emplace_back(text_of(**next));
        }
    }
}

std::string error_text(std::error_code code) {
    return "!" + code.message();
}

TEST(Framed, FramesAreTheSameHoweverTheyCome) {
    const std::string bytes("\0\3abc\0\0\0\1d", 10);
    const std::vector<std::string> expected = {"abc", "", "d"};
    for_each_partition(bytes, [&](std::deque<std::string> pieces) {
        on_shards(1, [&]() -> task<void> {
            framed frames(scripted_stream(std::move(pieces)),
                          length_delimited_codec({.length_bytes = 2, .max_frame = 3}));
            EXPECT_EQ(co_await frames_of(frames), expected);
            EXPECT_EQ(co_await frames_of(frames), std::vector<std::string>());
        });
    });
}

TEST(Framed, LinesAreFramesToo) {
    const std::vector<std::string> expected = {"a", "", "b\r", "c"};
    for_each_partition("a\n\r\nb\r\r\nc", [&](std::deque<std::string> pieces) {
        on_shards(1, [&]() -> task<void> {
            framed frames(scripted_stream(std::move(pieces)), line_codec(4));
            EXPECT_EQ(co_await frames_of(frames), expected);
        });
    });
}

TEST(Framed, TheEndInTheMiddleOfAFrameIsAnError) {
    const std::string bytes("\0\0\0\4abcd", 8);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        on_shards(1, [&]() -> task<void> {
            framed frames(scripted_stream(one_by_one(bytes.substr(0, size))),
                          length_delimited_codec());
            const auto next = co_await frames.next();
            if (size == 0) {
                EXPECT_FALSE(*next);
            } else if (size == bytes.size()) {
                EXPECT_EQ(text_of(**next), "abcd");
            } else {
                EXPECT_EQ(next.error(), errc::end_of_stream) << size;
            }
        });
    }
}

TEST(Framed, AFrameThatIsTooLargeIsRefusedAtItsLength) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({std::string("\0\0\0\4abcd\0\0\0\5", 12), "efghi"});
        framed<scripted_stream&, length_delimited_codec> frames(
            stream, length_delimited_codec({.max_frame = 4}));
        const std::vector<std::string> expected = {"abcd", error_text(errc::frame_too_large)};
        EXPECT_EQ(co_await frames_of(frames), expected);
        EXPECT_EQ(stream.reads, 1u);
        EXPECT_EQ((co_await frames.next()).error(), errc::frame_too_large);
        EXPECT_EQ((co_await frames.send(bytes_of("efghi"))).error(), errc::frame_too_large);
        EXPECT_EQ(frames.queued(), 0u);
        EXPECT_EQ(stream.writes, 0u);
    });
}

TEST(Framed, ALineThatIsTooLongIsRefused) {
    on_shards(1, []() -> task<void> {
        framed exact(scripted_stream(one_by_one("123\n1234\n")), line_codec(4));
        const std::vector<std::string> expected = {"123", error_text(errc::line_too_long)};
        EXPECT_EQ(co_await frames_of(exact), expected);
        framed endless(scripted_stream({std::string(100'000, 'x')}), line_codec(50'000));
        EXPECT_EQ((co_await endless.next()).error(), errc::line_too_long);
        EXPECT_EQ((co_await endless.send(std::string(50'000, 'x'))).error(), errc::line_too_long);
        EXPECT_EQ((co_await endless.send("two\nlines")).error(), std::errc::invalid_argument);
        EXPECT_EQ(endless.queued(), 0u);
    });
}

TEST(Framed, FramesLargerThanTheFirstReadTakeOneReadMore) {
    on_shards(1, []() -> task<void> {
        const std::string large = pattern(1'000'000);
        scripted_stream to;
        framed<scripted_stream&, length_delimited_codec> sending(to);
        EXPECT_TRUE(co_await sending.send(bytes_of(large)));
        EXPECT_TRUE(co_await sending.send(bytes_of("small")));
        scripted_stream from({to.written});
        framed<scripted_stream&, length_delimited_codec> receiving(from);
        EXPECT_EQ(text_of(**(co_await receiving.next())), large);
        EXPECT_EQ(from.reads, 2u);
        EXPECT_EQ(text_of(**(co_await receiving.next())), "small");
        EXPECT_FALSE(*(co_await receiving.next()));
    });
}

TEST(Framed, QueuedFramesGoOutTogetherUpToALimit) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        framed<scripted_stream&, line_codec> frames(stream, line_codec(1 << 20));
        EXPECT_TRUE(frames.queue("a"));
        EXPECT_TRUE(frames.queue("b"));
        EXPECT_EQ(stream.writes, 0u);
        EXPECT_TRUE(co_await frames.send("c"));
        EXPECT_EQ(stream.written, "a\nb\nc\n");
        EXPECT_EQ(stream.writes, 1u);
        // One frame always goes.
        const std::string large(frames.most_queued, 'x');
        EXPECT_TRUE(frames.queue(large));
        const std::size_t queued = frames.queued();
        EXPECT_EQ(frames.queue("d").error(), errc::backpressure);
        EXPECT_EQ(frames.queued(), queued);
        EXPECT_TRUE(co_await frames.flush());
        EXPECT_TRUE(frames.queue("d"));
        EXPECT_TRUE(co_await frames.flush());
        EXPECT_EQ(stream.written, "a\nb\nc\n" + large + "\nd\n");
    });
}

TEST(Framed, ACancelledNextKeepsWhatCameAndACancelledSendGoesOn) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(3);
        framed<duplex_end&, line_codec> sending(first), receiving(second);
        EXPECT_EQ((co_await timeout(1s, sending.send("a frame"))).error(), std::errc::timed_out);
        EXPECT_EQ(sending.queued(), 5u);
        EXPECT_EQ((co_await timeout(1s, receiving.next())).error(), std::errc::timed_out);
        const auto receive_two = [&]() -> task<std::vector<std::string>> {
            std::vector<std::string> got;
            for (int i = 0; i < 2; ++i)
                got.emplace_back(**(co_await receiving.next()));
            co_return got;
        };
        const auto [sent, got] = co_await when_all(sending.send("another"), receive_two());
        EXPECT_TRUE(sent);
        EXPECT_EQ(got, (std::vector<std::string>{"a frame", "another"}));
    });
}

TEST(Framed, AStreamThatTakesNothingIsNotAskedForEver) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        stream.most = 0;
        stream.most_writes = 10;
        framed<scripted_stream&, line_codec> frames(stream);
        EXPECT_EQ((co_await frames.send("ab")).error(), errc::nothing_written);
        EXPECT_EQ(frames.queued(), 3u);
    });
}

TEST(Framed, HalvesOfAStreamAreFramedEachByItself) {
    on_shards(1, []() -> task<void> {
        auto [first, second] = duplex_pipe(16);
        auto [reader, writer] = split(std::move(first));
        framed reading(std::move(reader), line_codec());
        framed writing(std::move(writer), line_codec());
        framed<duplex_end&, line_codec> peer(second);
        EXPECT_TRUE(co_await writing.send("there"));
        EXPECT_EQ(**(co_await peer.next()), "there");
        EXPECT_TRUE(co_await peer.send("back"));
        EXPECT_EQ(**(co_await reading.next()), "back");
    });
}

/// A codec as a user may write it: pairs of bytes, and nothing to say how many it needs.
struct pair_codec {
    using frame = std::pair<char, char>;
    using item = frame;

    result<decoded<frame>> decode(std::span<const std::byte> input) {
        ++calls;
        if (input.size() < 2)
            return decoded<frame>();
        return decoded<frame>{frame(static_cast<char>(input[0]), static_cast<char>(input[1])), 2};
    }
    result<void> encode(const item& what, std::vector<std::byte>& output) {
        output.push_back(static_cast<std::byte>(what.first));
        if (what.second == '!')
            return failure(EINVAL);
        output.push_back(static_cast<std::byte>(what.second));
        return {};
    }
    std::size_t longest() const { return 2; }
    int calls = 0;
};

TEST(Framed, ACodecOfTheUsersOwn) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({"a", "bc", "de"});
        framed<scripted_stream&, pair_codec> frames(stream);
        EXPECT_EQ(**(co_await frames.next()), std::pair('a', 'b'));
        EXPECT_EQ(**(co_await frames.next()), std::pair('c', 'd'));
        EXPECT_EQ((co_await frames.next()).error(), errc::end_of_stream);
        EXPECT_TRUE(co_await frames.send({'x', 'y'}));
        EXPECT_EQ((co_await frames.send({'x', '!'})).error(), std::errc::invalid_argument);
        EXPECT_TRUE(co_await frames.flush());
        EXPECT_EQ(stream.written, "xy");
    });
}

/// One that fails in the middle of an item.
struct throwing_codec : pair_codec {
    result<void> encode(const item& what, std::vector<std::byte>& output) {
        output.push_back(static_cast<std::byte>(what.first));
        if (what.second == '!')
            throw std::bad_alloc();
        output.push_back(static_cast<std::byte>(what.second));
        return {};
    }
};

TEST(Framed, OfAnItemWhoseCodecThrowsNothingIsWritten) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        framed<scripted_stream&, throwing_codec> frames(stream);
        EXPECT_TRUE(frames.queue({'a', 'b'}));
        EXPECT_THROW((void)frames.queue({'x', '!'}), std::bad_alloc);
        EXPECT_EQ(frames.queued(), 2u);
        EXPECT_TRUE(co_await frames.send({'c', 'd'}));
        EXPECT_EQ(stream.written, "abcd");
    });
}

/// One that looks at how much lies in front of the item.
struct watching_codec : pair_codec {
    result<void> encode(const item& what, std::vector<std::byte>& output) {
        most = std::max(most, output.size());
        return pair_codec::encode(what, output);
    }
    std::size_t most = 0;
};

TEST(Framed, WhatWasWrittenTakesNoMemoryThoughTheQueueIsNeverEmpty) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream;
        framed<scripted_stream&, watching_codec> frames(stream);
        constexpr std::size_t rounds = 100'000;
        for (std::size_t i = 0; i != rounds; ++i) {
            value_or_throw(frames.queue({'a', 'b'}));
            // The stream takes all but a byte, and then fails for now.
            stream.fails_after = 2 * i + 1;
            const auto flushed = co_await frames.flush();
            EXPECT_FALSE(flushed);
        }
        EXPECT_EQ(frames.queued(), 1u);
        EXPECT_LE(frames.codec().most, frames.most_queued);
        stream.fails_after = 2 * rounds;
        EXPECT_TRUE(co_await frames.flush());
        EXPECT_EQ(stream.written.size(), 2 * rounds);
        EXPECT_TRUE(stream.written.ends_with("abab"));
    });
}

/// One that never finds a frame.
struct blind_codec {
    using frame = int;
    using item = int;
    result<decoded<frame>> decode(std::span<const std::byte> input) {
        most = std::max(most, input.size());
        return decoded<frame>();
    }
    result<void> encode(const item&, std::vector<std::byte>&) { return {}; }
    std::size_t longest() const { return 10'000; }
    std::size_t most = 0;
};

TEST(Framed, ACodecThatFindsNoFrameIsGivenNoMoreThanItsLongest) {
    on_shards(1, []() -> task<void> {
        framed frames(scripted_stream({std::string(50'000, 'x')}), blind_codec());
        EXPECT_EQ((co_await frames.next()).error(), errc::frame_too_large);
        EXPECT_EQ(frames.codec().most, 10'000u);
    });
}

}  // namespace
}  // namespace spargio::io_test
