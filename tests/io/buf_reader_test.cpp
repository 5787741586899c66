#include "spargio/io/buf_reader.hpp"

#include "io_steps.hpp"

namespace spargio::io_test {
namespace {

static_assert(async_buffered_stream<buf_reader<scripted_stream>>);

/// The lines as read_line() yields them, "!" for an error.
template <class Reader>
task<std::vector<std::string>> lines_of(Reader& reader) {
    std::vector<std::string> lines;
    for (;;) {
        const auto line = co_await reader.read_line();
        if (!line) {
            lines.push_back("!" + line.error().message());
            co_return lines;
        }
        if (!*line)
            co_return lines;
        lines.emplace_back(**line);
    }
}

TEST(BufReader, LinesAreTheSameHoweverTheyCome) {
    const std::vector<std::string> expected = {"a", "", "b\r", "c"};
    for_each_partition("a\n\r\nb\r\r\nc", [&](std::deque<std::string> pieces) {
        on_shards(1, [&]() -> task<void> {
            buf_reader reader(scripted_stream(std::move(pieces)), 4);
            EXPECT_EQ(co_await lines_of(reader), expected);
        });
    });
}

TEST(BufReader, LinesStraddleTheBuffer) {
    std::string text;
    std::vector<std::string> expected;
    testing::random_source random(testing::process_seed());
    for (int i = 0; i < 500; ++i) {
        expected.emplace_back(random.below(16), static_cast<char>('a' + i % 26));
        text += expected.back() + '\n';
    }
    for (const std::size_t capacity : {16u, 17u, 31u, 64u, 100'000u}) {
        for (const std::size_t piece : {1u, 5u, 16u, 1000u}) {
            on_shards(1, [&]() -> task<void> {
                buf_reader reader(scripted_stream(cut_at_random(text, random, piece)), capacity);
                EXPECT_EQ(co_await lines_of(reader), expected);
            });
        }
    }
}

TEST(BufReader, ALineThatIsTooLongStaysBuffered) {
    on_shards(1, []() -> task<void> {
        buf_reader reader(scripted_stream(one_by_one("12345678\nshort\n")), 8);
        EXPECT_EQ((co_await reader.read_line()).error(), errc::line_too_long);
        EXPECT_EQ((co_await reader.read_line(4)).error(), errc::line_too_long);
        EXPECT_EQ(text_of(reader.buffered()), "12345678");
        reader.consume(8);
        EXPECT_EQ(**(co_await reader.read_line(1)), "");
        EXPECT_EQ((co_await reader.read_line(5)).error(), errc::line_too_long);
        EXPECT_EQ(**(co_await reader.read_line(6)), "short");
        EXPECT_FALSE(*(co_await reader.read_line()));
    });
}

TEST(BufReader, ReadUntilYieldsTheDelimiterAndAtTheEndWhatIsLeft) {
    on_shards(1, []() -> task<void> {
        buf_reader reader(scripted_stream({"a,b", "c,,d"}));
        std::vector<std::string> parts;
        for (;;) {
            const auto part = value_or_throw(co_await reader.read_until(std::byte{','}));
            if (part.empty())
                break;
            parts.emplace_back(text_of(part));
        }
        EXPECT_EQ(parts, (std::vector<std::string>{"a,", "bc,", ",", "d"}));
    });
}

TEST(BufReader, FillAndConsumeLookAtWhatLiesThere) {
    on_shards(1, []() -> task<void> {
        buf_reader reader(scripted_stream({"ab", "cd", "e"}), 8);
        EXPECT_EQ(text_of(*co_await reader.fill_buf()), "ab");
        EXPECT_EQ(text_of(*co_await reader.fill_buf()), "ab");
        reader.consume(1);
        EXPECT_EQ(text_of(*co_await reader.fill(3)), "bcd");
        EXPECT_EQ((co_await reader.fill(8)).error(), errc::end_of_stream);
        EXPECT_EQ(text_of(reader.buffered()), "bcde");
        reader.consume(4);
        EXPECT_TRUE((co_await reader.fill_buf())->empty());
        EXPECT_TRUE((co_await reader.fill(0))->empty());
    });
}

TEST(BufReader, SmallReadsShareOneAndLargeOnesGoPastTheBuffer) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({"0123456789", "abcdefghij"});
        buf_reader<scripted_stream&> reader(stream, 10);
        std::string read(4, ' ');
        const auto room = std::as_writable_bytes(std::span(read));
        EXPECT_EQ(co_await reader.read_some(room), 4u);
        EXPECT_EQ(co_await reader.read_some(room), 4u);
        EXPECT_EQ(read, "4567");
        EXPECT_EQ(co_await reader.read_some(room), 2u);
        EXPECT_EQ(stream.reads, 1u);
        std::string large(10, ' ');
        EXPECT_EQ(co_await reader.read_some(std::as_writable_bytes(std::span(large))), 10u);
        EXPECT_EQ(large, "abcdefghij");
        EXPECT_TRUE(reader.buffered().empty());
        EXPECT_EQ(co_await reader.read_some(room), 0u);
    });
}

TEST(BufReader, AnErrorOfTheStreamIsTheAnswerAndLosesNothing) {
    on_shards(1, []() -> task<void> {
        scripted_stream stream({"half a li"});
        stream.end = std::make_error_code(std::errc::connection_reset);
        buf_reader<scripted_stream&> reader(stream);
        EXPECT_EQ((co_await reader.read_line()).error(), std::errc::connection_reset);
        EXPECT_EQ(text_of(reader.buffered()), "half a li");
    });
}

TEST(BufReader, ACancelledCallKeepsWhatCameAndIsMadeAgain) {
    on_shards(1, []() -> task<void> {
        auto [peer, end] = duplex_pipe(64);
        buf_reader<duplex_end&> reader(end, 32);
        for (const char c : std::string_view("a line")) {
            EXPECT_TRUE(co_await peer.write_some(bytes_of(std::string_view(&c, 1))));
            EXPECT_EQ((co_await timeout(1s, reader.read_line())).error(), std::errc::timed_out);
            EXPECT_EQ((co_await timeout(1s, reader.fill(20))).error(), std::errc::timed_out);
        }
        EXPECT_EQ(text_of(reader.buffered()), "a line");
        EXPECT_TRUE(co_await peer.write_some(bytes_of("\nrest")));
        EXPECT_EQ(**(co_await reader.read_line()), "a line");
        EXPECT_EQ(text_of(reader.buffered()), "rest");
    });
}

}  // namespace
}  // namespace spargio::io_test
