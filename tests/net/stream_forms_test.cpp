// The forms of reading and writing beside one buffer: several, handed over, looked at.

#include <gmock/gmock.h>

#include "net_steps.hpp"
#include "spargio/net/unix_stream.hpp"

namespace spargio::net_test {
namespace {

using const_pieces = std::vector<std::span<const std::byte>>;
using pieces = std::vector<std::span<std::byte>>;

/// Cuts `bytes` into pieces of `size`, with an empty one after each.
template <class Byte>
std::vector<std::span<Byte>> cut(std::span<Byte> bytes, std::size_t size) {
    std::vector<std::span<Byte>> all{bytes.first(0)};
    while (!bytes.empty()) {
        all.push_back(bytes.first(std::min(size, bytes.size())));
        all.push_back(bytes.first(0));
        bytes = bytes.subspan(all[all.size() - 2].size());
    }
    return all;
}

template <class Stream>
struct ends_of {
    Stream one;
    Stream other;
};
task<ends_of<tcp_stream>> make_ends(tcp_stream*) {
    two_ends ends = co_await connection();
    co_return ends_of<tcp_stream>{std::move(ends.client), std::move(ends.server)};
}
task<ends_of<unix_stream>> make_ends(unix_stream*) {
    auto [one, other] = value_or_throw(unix_stream::pair());
    co_return ends_of<unix_stream>{std::move(one), std::move(other)};
}

/// Everything here holds for both kinds of stream.
template <class Stream>
class StreamForms : public ::testing::Test {
protected:
    static task<ends_of<Stream>> ends() { return make_ends(static_cast<Stream*>(nullptr)); }
};
using both_streams = ::testing::Types<tcp_stream, unix_stream>;
TYPED_TEST_SUITE(StreamForms, both_streams);

TYPED_TEST(StreamForms, SeveralBuffersAreGatheredAndScattered) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        const const_pieces out{bytes_of("hello"), {}, bytes_of(" "), bytes_of("world")};
        EXPECT_EQ(value_or_throw(co_await ends.one.write_vectored(out)), 11u);
        std::array<std::byte, 3> head;
        std::array<std::byte, 20> tail;
        const pieces in{{}, head, {}, tail};
        EXPECT_EQ(value_or_throw(co_await ends.other.read_vectored(in)), 11u);
        EXPECT_EQ(text_of(head), "hel");
        EXPECT_EQ(text_of(std::span(tail).first(8)), "lo world");
        value_or_throw(co_await ends.one.shutdown(shutdown_how::write));
        EXPECT_EQ(value_or_throw(co_await ends.other.read_vectored(in)), 0u);
    });
}

TYPED_TEST(StreamForms, AnyNumberOfBuffersIsSentAndFilledWithOneCall) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        for (const std::size_t total : {0u, 1u, 63u, 64u, 65u, 5000u, 1'000'000u}) {
            const auto sent = pattern(total, total);
            std::vector<std::byte> received(total);
            for (const std::size_t piece : {1u, 7u, 100'000u}) {
                if (total / piece > 10'000)
                    continue;
                const auto out = cut(std::span<const std::byte>(sent), piece);
                const auto in = cut(std::span(received), piece == 7 ? 13 : piece);
                auto [written, filled] = co_await when_all(ends.one.send_all_batch(out),
                                                           ends.other.read_exact_vectored(in));
                EXPECT_TRUE(written && filled);
                EXPECT_EQ(received, sent);
            }
        }
    });
}

TYPED_TEST(StreamForms, ABatchGoesOnWhereARequestStoppedShort) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        value_or_throw(ends.one.set_send_buffer(4096));
        const auto bytes = pattern(300'000, 5);
        const auto out = cut(std::span<const std::byte>(bytes), 999);
        // A reader that takes little at a time, so that sends end in the middle of pieces.
        auto [written, sum] = co_await when_all(
            [](TypeParam& stream,
               std::span<const std::span<const std::byte>> all) -> task<result<void>> {
                auto sent = co_await stream.send_all_batch(all);
                value_or_throw(co_await stream.shutdown(shutdown_how::write));
                co_return sent;
            }(ends.one, out),
            sum_to_end(ends.other, 777));
        EXPECT_TRUE(written);
        EXPECT_EQ(sum, sum_of(bytes));
    });
}

TYPED_TEST(StreamForms, ABatchMeetsTheEndOfItsPeer) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        value_or_throw(co_await ends.other.write_all(bytes_of("abc")));
        value_or_throw(co_await ends.other.close());
        std::array<std::byte, 2> head;
        std::array<std::byte, 2> tail;
        const pieces in{head, tail};
        const auto filled = co_await ends.one.read_exact_vectored(in);
        EXPECT_EQ(filled.error(), errc::end_of_stream);
        const auto bytes = pattern(100'000, 1);
        const const_pieces out(200, bytes);
        const auto sent = co_await ends.one.send_all_batch(out);
        EXPECT_TRUE(sent.error() == std::errc::broken_pipe ||
                    sent.error() == std::errc::connection_reset);
    });
}

TYPED_TEST(StreamForms, BuffersThatAreHandedOverComeBack) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        auto written = co_await ends.one.write_all_owned(std::string("hello world"));
        EXPECT_TRUE(written.outcome);
        EXPECT_EQ(written.buffer, "hello world");
        auto some = co_await ends.other.read_some_owned(std::vector<unsigned char>(5));
        EXPECT_EQ(some.outcome, 5u);
        EXPECT_THAT(some.buffer, ::testing::ElementsAre('h', 'e', 'l', 'l', 'o'));
        auto exact = co_await ends.other.read_exact_owned(std::array<char, 6>());
        EXPECT_TRUE(exact.outcome);
        EXPECT_EQ(std::string_view(exact.buffer.data(), 6), " world");
        auto partly = co_await ends.one.write_some_owned(std::move(exact.buffer));
        EXPECT_EQ(partly.outcome, 6u);
        value_or_throw(co_await ends.one.shutdown(shutdown_how::write));
        auto ended = co_await ends.other.read_exact_owned(std::vector<std::byte>(7));
        EXPECT_EQ(ended.outcome.error(), errc::end_of_stream);
        EXPECT_EQ(ended.buffer.size(), 7u) << "it comes back with an error too";
    });
}

static_assert(owned_buffer<std::string> && owned_buffer<std::vector<std::byte>>);
static_assert(!owned_buffer<std::span<std::byte>> && !owned_buffer<std::string_view> &&
              !owned_buffer<std::vector<int>>);

TYPED_TEST(StreamForms, PeekLeavesTheBytesToBeRead) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        value_or_throw(co_await ends.one.write_all(bytes_of("abc")));
        std::array<std::byte, 8> buffer;
        for (int again = 0; again < 2; ++again)
            EXPECT_EQ(value_or_throw(co_await ends.other.peek(buffer)), 3u);
        EXPECT_EQ(value_or_throw(co_await ends.other.read_some(buffer)), 3u);
        EXPECT_EQ(text_of(std::span(buffer).first(3)), "abc");
    });
}

TYPED_TEST(StreamForms, AReadUnderWayOutlivesCloseAndReadsItsOwnConnection) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        std::array<std::byte, 8> buffer;
        auto reading = value_or_throw(this_shard::spawn(
            [](TypeParam& stream, std::span<std::byte> into) -> task<result<std::size_t>> {
                co_return co_await stream.read_some(into);
            }(ends.other, buffer)));
        co_await yield();
        const int number = ends.other.fd();
        value_or_throw(co_await ends.other.close());
        // Somebody else gets the number.
        auto others = co_await StreamForms<TypeParam>::ends();
        EXPECT_TRUE(others.one.fd() == number || others.other.fd() == number);
        value_or_throw(co_await others.one.write_all(bytes_of("theirs")));
        value_or_throw(co_await ends.one.write_all(bytes_of("ours")));
        EXPECT_EQ(value_or_throw(co_await std::move(reading)), 4u);
        EXPECT_EQ(text_of(std::span(buffer).first(4)), "ours");
    });
}

TYPED_TEST(StreamForms, ASessionMayBeStealable) {
    on_shards(2, []() -> task<void> {
        auto ends = co_await StreamForms<TypeParam>::ends();
        auto session = value_or_throw(
            std::move(ends.other)
                .spawn_stealable_on_session([](TypeParam stream) -> task<std::size_t> {
                    std::array<std::byte, 16> buffer;
                    std::size_t total = 0;
                    for (;;) {
                        const auto count = value_or_throw(co_await stream.read_some(buffer));
                        if (count == 0)
                            co_return total;
                        total += count;
                    }
                }));
        for (int i = 0; i < 50; ++i)
            value_or_throw(co_await ends.one.write_all(bytes_of("some bytes")));
        value_or_throw(co_await ends.one.close());
        EXPECT_EQ(co_await std::move(session), 500u);
    });
}

}  // namespace
}  // namespace spargio::net_test
