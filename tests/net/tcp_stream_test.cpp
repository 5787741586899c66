// One connection: what read, write, shutdown and close say and leave behind.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "net_steps.hpp"
#include "spargio/testing/socket_pair.hpp"

namespace spargio::net_test {
namespace {

/// The next close() of this socket sends a reset.
void reset_at_close(const tcp_stream& stream) {
    const ::linger now{.l_onoff = 1, .l_linger = 0};
    ASSERT_EQ(::setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
}

TEST(TcpStream, AReadEndsWithWhatIsThere) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        EXPECT_EQ(value_or_throw(co_await ends.client.write_some(bytes_of("abc"))), 3u);
        std::array<std::byte, 100> buffer;
        EXPECT_EQ(value_or_throw(co_await ends.server.read_some(buffer)), 3u);
        EXPECT_EQ(text_of(std::span(buffer).first(3)), "abc");
    });
}

TEST(TcpStream, HalfCloseEndsOneDirectionOnly) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        value_or_throw(co_await ends.client.write_all(bytes_of("last")));
        value_or_throw(co_await ends.client.shutdown(shutdown_how::write));
        std::array<std::byte, 4> word;
        value_or_throw(co_await ends.server.read_exact(word));
        for (int again = 0; again < 2; ++again)
            EXPECT_EQ(value_or_throw(co_await ends.server.read_some(word)), 0u);
        const auto beyond = co_await ends.client.write_some(bytes_of("x"));
        EXPECT_EQ(beyond.error(), std::errc::broken_pipe);
        value_or_throw(co_await ends.server.write_all(bytes_of("back")));
        value_or_throw(co_await ends.client.read_exact(word));
        EXPECT_EQ(text_of(word), "back");
    });
}

TEST(TcpStream, ShutdownOfTheReadSideEndsOwnReads) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        value_or_throw(co_await ends.client.shutdown(shutdown_how::read));
        std::array<std::byte, 1> buffer;
        EXPECT_EQ(value_or_throw(co_await ends.client.read_some(buffer)), 0u);
        value_or_throw(co_await ends.client.write_all(bytes_of("x")));
        EXPECT_EQ(value_or_throw(co_await ends.server.read_some(buffer)), 1u);
        value_or_throw(co_await ends.client.shutdown(shutdown_how::both));
        EXPECT_EQ(value_or_throw(co_await ends.server.read_some(buffer)), 0u);
    });
}

TEST(TcpStream, ShutdownWakesAReaderThatWaits) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        auto [sum, ended] = co_await when_all(
            sum_to_end(ends.client, 16), [](tcp_stream& stream) -> task<std::error_code> {
                const auto answer = co_await stream.shutdown(shutdown_how::both);
                co_return answer ? std::error_code() : answer.error();
            }(ends.client));
        EXPECT_EQ(sum.count(), 0u);
        EXPECT_FALSE(ended);
    });
}

TEST(TcpStream, ReadExactTellsThatTheStreamEndedBefore) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        value_or_throw(co_await ends.client.write_all(bytes_of("abc")));
        value_or_throw(co_await ends.client.close());
        std::array<std::byte, 4> word;
        const auto filled = co_await ends.server.read_exact(word);
        EXPECT_FALSE(filled);
        EXPECT_EQ(filled.error(), errc::end_of_stream);
        value_or_throw(co_await ends.server.read_exact({}));
        value_or_throw(co_await ends.server.write_all({}));
    });
}

TEST(TcpStream, ResetInTheMiddleOfAReadIsAnError) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        std::array<std::byte, 8> word;
        value_or_throw(co_await ends.client.write_all(bytes_of("half")));
        auto [filled, gone] = co_await when_all(ends.server.read_exact(word),
                                                [](tcp_stream stream) -> task<std::error_code> {
                                                    co_await yield();  // the reader waits now
                                                    reset_at_close(stream);
                                                    value_or_throw(co_await stream.close());
                                                    co_return std::error_code();
                                                }(std::move(ends.client)));
        EXPECT_FALSE(filled);
        EXPECT_EQ(filled.error(), std::errc::connection_reset);
        EXPECT_FALSE(gone);
        const auto written = co_await ends.server.write_some(bytes_of("x"));
        EXPECT_EQ(written.error(), std::errc::broken_pipe);
    });
}

TEST(TcpStream, PeerThatVanishesEndsAWriterThatWaits) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        const auto bytes = pattern(64 << 20, 1);  // more than any buffer on the way
        auto [written, gone] = co_await when_all(
            ends.client.write_all(bytes), [](tcp_stream stream) -> task<std::size_t> {
                std::array<std::byte, 1000> buffer;
                // A parameter would live until both tasks have ended.
                tcp_stream vanishing = std::move(stream);
                const auto count = value_or_throw(co_await vanishing.read_some(buffer));
                reset_at_close(vanishing);
                co_return count;
            }(std::move(ends.server)));
        EXPECT_FALSE(written);
        const std::error_code why = written.error();
        EXPECT_TRUE(why == std::errc::connection_reset || why == std::errc::broken_pipe) << why;
        EXPECT_GT(gone, 0u);
    });
}

TEST(TcpStream, FromFdMakesANonBlockingSocketWait) {
    on_shards(1, []() -> task<void> {
        auto pair = value_or_throw(testing::socket_pair::tcp());
        const int number = pair.release_first();
        EXPECT_EQ(::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK), 0);
        EXPECT_EQ(::fcntl(number, F_SETFD, 0), 0);
        tcp_stream adopted = value_or_throw(tcp_stream::from_fd(number));
        EXPECT_EQ(adopted.fd(), number);
        EXPECT_EQ(::fcntl(number, F_GETFL) & O_NONBLOCK, 0);
        EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
        tcp_stream other = value_or_throw(tcp_stream::from_fd(pair.release_second()));
        auto [sum, sent] =
            co_await when_all(sum_to_end(adopted, 16), [](tcp_stream& stream) -> task<int> {
                co_await yield();
                co_await send_to_end(stream, bytes_of("not there yet when the read began"));
                co_return 0;
            }(other));
        EXPECT_EQ(sum, sum_of(bytes_of("not there yet when the read began")));
    });
}

TEST(TcpStream, FromFdRefusesWhatIsNoDescriptor) {
    on_shards(1, []() -> task<void> {
        for (const int number : {-1, 1 << 20}) {
            const auto adopted = tcp_stream::from_fd(number);
            EXPECT_FALSE(adopted);
            EXPECT_EQ(adopted.error(), std::errc::bad_file_descriptor);
        }
        co_return;
    });
}

TEST(TcpStream, NewConnectionsSendSmallWritesAtOnce) {
    on_shards(1, []() -> task<void> {
        two_ends ends = co_await connection();
        for (const tcp_stream* stream : {&ends.client, &ends.server}) {
            int on = 0;
            ::socklen_t size = sizeof on;
            EXPECT_EQ(::getsockopt(stream->fd(), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
            EXPECT_EQ(on, 1);
            EXPECT_EQ(::fcntl(stream->fd(), F_GETFD), FD_CLOEXEC);
        }
        EXPECT_TRUE(ends.client.set_no_delay(false));
    });
}

TEST(TcpStream, CloseFreesTheDescriptorAndSoDoesTheDestructor) {
    on_shards(1, []() -> task<void> {
        const std::size_t before = open_descriptors();
        {
            two_ends ends = co_await connection();
            EXPECT_EQ(open_descriptors(), before + 2);
            value_or_throw(co_await ends.client.close());
            EXPECT_EQ(ends.client.fd(), -1);
            EXPECT_EQ(open_descriptors(), before + 1);
            const auto again = co_await ends.client.close();
            EXPECT_EQ(again.error(), std::errc::bad_file_descriptor);
            tcp_stream moved = std::move(ends.server);
            EXPECT_EQ(ends.server.fd(), -1);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(TcpStream, CloseIsDoneThoughAStopWasRequested) {
    on_shards(1, []() -> task<void> {
        const std::size_t before = open_descriptors();
        for (int i = 0; i < 20; ++i) {
            auto closing = value_or_throw(this_shard::spawn([]() -> task<bool> {
                two_ends ends = co_await connection();
                std::array<std::byte, 1> buffer;
                const auto read = co_await ends.client.read_some(buffer);
                EXPECT_EQ(read.error(), std::errc::operation_canceled);
                const auto closed = co_await ends.client.close();
                co_return closed.has_value() && ends.client.fd() == -1;
            }));
            for (int turn = 0; turn < i; ++turn)
                co_await yield();
            closing.request_stop();
            const auto ended = co_await closing.join();
            // Stopped before the connection stood, the task ended by an exception.
            EXPECT_TRUE(ended.cancelled() || ended.has_value());
            EXPECT_EQ(open_descriptors(), before);
        }
    });
}

task<tcp_stream> write_and_hand_back(tcp_stream stream, std::span<const std::byte> bytes) {
    value_or_throw(co_await stream.write_all(bytes));
    co_return stream;
}

TEST(TcpStream, MovesBetweenShardsBetweenOperations) {
    on_shards(2, []() -> task<void> {
        two_ends ends = co_await connection();
        const auto bytes = pattern(50'000, 7);
        auto reading = value_or_throw(this_shard::spawn(sum_to_end(ends.server, 4096)));
        for (std::size_t at = 0; at < bytes.size(); at += 1000) {
            const auto piece = std::span(bytes).subspan(at, 1000);
            auto elsewhere = value_or_throw(
                this_runtime().spawn(placement::pinned(at / 1000 % 2),
                                     write_and_hand_back(std::move(ends.client), piece)));
            ends.client = co_await std::move(elsewhere);
        }
        value_or_throw(co_await ends.client.close());
        EXPECT_EQ(co_await std::move(reading), sum_of(bytes));
    });
}

}  // namespace
}  // namespace spargio::net_test
