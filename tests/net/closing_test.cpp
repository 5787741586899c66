// Descriptors that are closed in the very turn in which something was begun on them.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <optional>

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

}  // namespace
}  // namespace spargio::net_test
