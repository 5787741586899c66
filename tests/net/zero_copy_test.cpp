// Sending out of the program's own memory.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "net_steps.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/shard/shard.hpp"
#include "spargio/testing/simulated_kernel.hpp"
#include "spargio/testing/socket_pair.hpp"
#include "spargio/time/sleep.hpp"
#include "watched_bytes.hpp"

namespace spargio::net_test {
namespace {

task<void> send_and_check(testing::socket_pair pair, int rounds) {
    auto sender = value_or_throw(tcp_stream::from_fd(pair.release_first()));
    auto receiver = value_or_throw(tcp_stream::from_fd(pair.release_second()));
    std::atomic<int> alive = 0;
    running_sum sent;
    auto receiving = value_or_throw(this_shard::spawn([](tcp_stream& from) -> task<running_sum> {
        co_return co_await sum_to_end(from, 4096);
    }(receiver)));
    for (int round = 0; round < rounds; ++round) {
        watched_bytes bytes(
            pattern(100'000 + static_cast<std::size_t>(round), static_cast<std::uint64_t>(round)),
            alive);
        sent.add({bytes.data(), bytes.size()});
        value_or_throw(co_await sender.write_all_zero_copy(std::move(bytes)));
        EXPECT_LE(alive.load(), static_cast<int>(zero_copy_sender::most_out) + 1);
    }
    value_or_throw(co_await sender.shutdown(shutdown_how::write));
    EXPECT_EQ(co_await std::move(receiving), sent);
    for (int turns = 0; alive != 0 && turns < 100'000; ++turns)
        co_await yield();
    EXPECT_EQ(alive, 0) << "bytes are kept for ever";
}

TEST(ZeroCopy, SendsEveryByteAndFreesThem) {
    on_shards(1, [] { return send_and_check(value_or_throw(testing::socket_pair::tcp()), 40); });
}

TEST(ZeroCopy, ShortSendsAreContinued) {
    on_shards(1,
              [] { return send_and_check(value_or_throw(testing::socket_pair::tcp(8192)), 10); });
}

/// A kind of socket that cannot lend.
TEST(ZeroCopy, UnixStreamsCopy) {
    on_shards(
        1, [] { return send_and_check(value_or_throw(testing::socket_pair::unix_stream()), 5); });
}

/// Over the loopback the kernel copies after all, and says so.
TEST(ZeroCopy, EndsForASocketWhereTheKernelCopies) {
    on_shards(1, []() -> task<void> {
        if (!shard::current()->stream_features().has(feature::zero_copy_send))
            co_return;
        auto ends = co_await connection();
        zero_copy_sender sender;
        auto receiving =
            value_or_throw(this_shard::spawn([](tcp_stream& from) -> task<running_sum> {
                co_return co_await sum_to_end(from, 65'536);
            }(ends.server)));
        for (int round = 0; round < 1000 && !sender.in_vain(); ++round)
            value_or_throw(co_await sender.write_all(ends.client.fd(), pattern(65'536, 1)));
        EXPECT_TRUE(sender.in_vain());
        value_or_throw(co_await ends.client.shutdown(shutdown_how::write));
        co_await std::move(receiving);
    });
}

TEST(ZeroCopy, SmallBytesAreCopiedAtOnce) {
    on_shards(1, []() -> task<void> {
        auto ends = co_await connection();
        zero_copy_sender sender;
        value_or_throw(co_await sender.write_all(ends.client.fd(), std::string("hello")));
        EXPECT_EQ(sender.out(), 0u);
        std::array<std::byte, 5> read;
        value_or_throw(co_await ends.server.read_exact(read));
        EXPECT_EQ(text_of(read), "hello");
    });
}

TEST(ZeroCopy, AClosedPeerIsAnErrorAndNoSignal) {
    on_shards(1, []() -> task<void> {
        auto pair = value_or_throw(testing::socket_pair::tcp());
        auto sender = value_or_throw(tcp_stream::from_fd(pair.release_first()));
        ::close(pair.release_second());
        result<void> answer;
        for (int round = 0; answer && round < 100; ++round)
            answer = co_await sender.write_all_zero_copy(pattern(100'000, 1));
        EXPECT_FALSE(answer);
    });
}

TEST(ZeroCopy, ATaskThatIsNeverStartedLendsNothing) {
    std::atomic<int> alive = 0;
    {
        zero_copy_sender sender;
        const auto unstarted = sender.write_all(-1, watched_bytes(pattern(100, 1), alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

// --- on the simulated kernel ---------------------------------------------------------------------

task<void> send_simulated(testing::simulated_kernel& kernel, std::atomic<int>& alive) {
    const auto [one, other] = kernel.stream_pair(50'000);
    zero_copy_sender sender;
    auto receiving = value_or_throw(this_shard::spawn([](int from) -> task<running_sum> {
        std::vector<std::byte> buffer(10'000);
        running_sum sum;
        for (;;) {
            const auto count = value_or_throw(co_await detail::await_operation<recv_operation>(
                detail::decode_count(), nullptr, from, std::span(buffer)));
            if (count == 0)
                co_return sum;
            sum.add(std::span(buffer).first(count));
        }
    }(other)));
    running_sum sent;
    for (std::uint64_t round = 0; round < 8; ++round) {
        watched_bytes bytes(pattern(150'000, round), alive);
        sent.add({bytes.data(), bytes.size()});
        value_or_throw(co_await sender.write_all(one, std::move(bytes)));
    }
    kernel.close(one);
    EXPECT_EQ(co_await std::move(receiving), sent);
    // The loop does not wait for what a peer has not acknowledged; this does.
    while (sender.out() != 0)
        value_or_throw(co_await sleep_for(std::chrono::microseconds(100)));
    kernel.close(other);
}

TEST(ZeroCopy, LendsFromTheThresholdOn) {
    for (const std::size_t below : {1u, 0u}) {
        testing::simulated_kernel kernel({.seed = testing::process_seed()});
        auto built = shards(1).spin_us(0).build_on(kernel);
        ASSERT_TRUE(built);
        built->block_on([&]() -> task<void> {
            const bool lends = shard::current()->stream_features().has(feature::zero_copy_send);
            const auto [one, other] = kernel.stream_pair(1'000'000);
            zero_copy_sender sender;
            const std::uint64_t before = kernel.requests(testing::request_kind::send_zc);
            value_or_throw(
                co_await sender.write_all(one, pattern(zero_copy_sender::least_bytes - below, 1)));
            const std::uint64_t lent = kernel.requests(testing::request_kind::send_zc) - before;
            EXPECT_EQ(lent, lends && below == 0 ? 1u : 0u);
            while (sender.out() != 0)
                value_or_throw(co_await sleep_for(std::chrono::microseconds(100)));
            kernel.close(one);
            kernel.close(other);
        });
    }
}

TEST(ZeroCopy, IsOverWhenTheBytesAreSentWhateverIsStillLent) {
    testing::simulated_kernel kernel(
        {.seed = testing::process_seed(), .notification_delay_ns = 500'000});
    auto built = shards(1).spin_us(0).build_on(kernel);
    ASSERT_TRUE(built);
    built->block_on([&]() -> task<void> {
        if (!shard::current()->stream_features().has(feature::zero_copy_send)) {
            EXPECT_NE(std::getenv("SPARGIO_DISABLE"), nullptr) << "its trial failed";
            co_return;
        }
        const auto [one, other] = kernel.stream_pair(10'000'000);
        zero_copy_sender sender;
        std::size_t most_out = 0;
        for (unsigned sent = 0; sent != 20; ++sent) {
            value_or_throw(co_await sender.write_all(one, pattern(100'000, sent)));
            most_out = std::max<std::size_t>(most_out, sender.out());
        }
        EXPECT_GT(most_out, 1u) << "each waited for what it need not";
        while (sender.out() != 0)
            value_or_throw(co_await sleep_for(std::chrono::milliseconds(1)));
        kernel.close(one);
        kernel.close(other);
    });
}

/// It never comes to the kernel, so no notification ends it.
TEST(ZeroCopy, IsStoppedWhileItWaitsForRoomInTheRing) {
    constexpr unsigned most_in_flight = 16;
    testing::simulated_kernel kernel({.seed = testing::process_seed()});
    std::atomic<int> alive = 0;
    auto built = shards(1).operations_in_flight(most_in_flight).spin_us(0).build_on(kernel);
    ASSERT_TRUE(built);
    built->block_on([&]() -> task<void> {
        if (!shard::current()->stream_features().has(feature::zero_copy_send))
            co_return;
        const std::uint64_t lent_before = kernel.requests(testing::request_kind::send_zc);
        const auto [quiet, silent] = kernel.stream_pair();
        std::vector<join_handle<void>> waiting;
        for (unsigned k = 0; k != most_in_flight; ++k) {
            waiting.push_back(value_or_throw(this_shard::spawn([](int from) -> task<void> {
                std::array<std::byte, 1> room;
                const auto read = co_await detail::await_operation<recv_operation>(
                    detail::decode_count(), nullptr, from, std::span(room));
                EXPECT_EQ(read.error(), std::errc::operation_canceled);
            }(quiet))));
        }
        co_await yield();
        const auto [one, other] = kernel.stream_pair(1'000'000);
        zero_copy_sender sender;
        auto sending = value_or_throw(
            this_shard::spawn(sender.write_all(one, watched_bytes(pattern(100'000, 1), alive))));
        while (sender.out() == 0)
            co_await yield();
        value_or_throw(co_await sleep_for(std::chrono::microseconds(100)));
        EXPECT_EQ(alive, 1);
        sending.request_stop();
        const result<void> answer = co_await std::move(sending);
        EXPECT_EQ(answer.error(), std::errc::operation_canceled);
        EXPECT_EQ(sender.out(), 0u);
        EXPECT_EQ(alive, 0);
        EXPECT_EQ(kernel.requests(testing::request_kind::send_zc), lent_before);
        for (auto& each : waiting)
            each.request_stop();
        for (auto& each : waiting)
            co_await std::move(each);
        for (const int each : {quiet, silent, one, other})
            kernel.close(each);
    });
}

TEST(ZeroCopy, BytesAreNotTouchedBeforeLateNotifications) {
    for (std::uint64_t round = 0; round < 10; ++round) {
        testing::simulated_kernel kernel({.seed = testing::process_seed() + round,
                                          .short_percent = 50,
                                          .notification_delay_ns = 300'000});
        std::atomic<int> alive = 0;
        {
            auto built = shards(1).spin_us(0).build_on(kernel);
            ASSERT_TRUE(built);
            built->block_on([&] { return send_simulated(kernel, alive); });
        }
        EXPECT_GT(kernel.requests(testing::request_kind::send_zc), 0u);
        EXPECT_EQ(kernel.overwritten_sends(), 0u) << kernel.describe();
        EXPECT_EQ(alive, 0);
    }
}

}  // namespace
}  // namespace spargio::net_test
