// Receiving leases of buffers that the kernel filled.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "spargio/net/tcp_stream.hpp"
#include "spargio/runtime/spawn_blocking.hpp"
#include "spargio/runtime/this_shard.hpp"
#include "spargio/time/sleep.hpp"
#include "stream_steps.hpp"

namespace spargio::net_test {
namespace {

TEST(ReceiveStream, LeasesHoldWhatWasSentUpToTheEnd) {
    with_ledger(shards(1), []() -> task<void> {
        leased_pair pair;
        pair.send(bytes_of("hello"));
        const buffer_lease first = value_or_throw(co_await pair.stream.next());
        EXPECT_EQ(text_of(first.bytes()), "hello");
        pair.send(bytes_of(" world"));
        const buffer_lease second = value_or_throw(co_await pair.stream.next());
        EXPECT_EQ(text_of(second.bytes()), " world");
        EXPECT_EQ(text_of(first.bytes()), "hello");
        pair.end();
        EXPECT_TRUE(value_or_throw(co_await pair.stream.next()).empty());
        EXPECT_TRUE(value_or_throw(co_await pair.stream.next()).empty()) << "the end stays";
    });
}

/// \return the sum of what came of `bytes` over TCP.
task<void> expect_bytes_over_tcp(std::size_t count, std::uint64_t seed) {
    auto ends = co_await connection();
    const auto sent = pattern(count, seed);
    auto stream = value_or_throw(receive_stream::open(ends.server.fd()));
    const auto [nothing, received] =
        co_await when_all(send_to_end(ends.client, sent), sum_of_leases(stream));
    EXPECT_EQ(received, sum_of(sent));
}

TEST(ReceiveStream, AMillionBytesArriveInOrder) {
    with_ledger(shards(1), [] { return expect_bytes_over_tcp(1'000'000, 3); });
}

TEST(ReceiveStream, AMillionBytesPassThroughAFewSmallBuffers) {
    with_ledger(small_buffers(1), [] { return expect_bytes_over_tcp(1'000'000, 4); });
}

/// \return whether buffers are used up piece by piece there
bool shares_buffers(const runtime_builder& builder) {
    return run_with(builder, []() -> task<bool> {
        const leased_pair opened;
        co_return shard::current()->buffers_in_use()->features().has(feature::incremental_buffers);
    });
}

TEST(ReceiveStream, BuffersAreIncrementalWhereNobodyTakesCompletionsInBetween) {
    const bool there_are = on_shards(1, []() -> task<bool> {
        co_return shard::current()->stream_features().has(feature::incremental_buffers);
    });
    if (!there_are)
        GTEST_SKIP() << "this kernel has them not, or they are forced off";
    EXPECT_TRUE(shares_buffers(small_buffers(1)));
    const bool defers = !features_disabled_by_environment().has(feature::deferred_taskrun);
    EXPECT_EQ(shares_buffers(small_buffers(2).deferred_taskrun()), defers);
    EXPECT_TRUE(shares_buffers(small_buffers(2).rescue({.after_us = 0})));
    EXPECT_FALSE(shares_buffers(small_buffers(2)));
}

TEST(ReceiveStream, ManyStreamsShareAFewIncrementalBuffers) {
    with_ledger(small_buffers(1).deferred_taskrun(), []() -> task<void> {
        std::vector<task<void>> all;
        for (std::uint64_t each = 0; each < 40; ++each)
            all.push_back(expect_bytes_over_tcp(20'000, each));
        co_await when_all(std::move(all));
    });
}

TEST(ReceiveStream, ManyStreamsShareAFewSmallBuffers) {
    with_ledger(small_buffers(1), []() -> task<void> {
        std::vector<task<void>> all;
        for (std::uint64_t each = 0; each < 40; ++each)
            all.push_back(expect_bytes_over_tcp(20'000, each));
        co_await when_all(std::move(all));
    });
}

TEST(ReceiveStream, SegmentsComeAsManyAsThereAre) {
    with_ledger(small_buffers(1), []() -> task<void> {
        leased_pair pair;
        const auto sent = pattern(1500, 5);
        pair.send(sent);
        pair.end();
        running_sum sum;
        std::array<buffer_lease, 4> segments;
        for (;;) {
            const std::size_t count = value_or_throw(co_await pair.stream.recv_segments(segments));
            if (count == 0)
                break;
            EXPECT_LE(count, segments.size());
            for (const buffer_lease& each : std::span(segments).first(count))
                sum.add(each.bytes());
        }
        EXPECT_EQ(sum, sum_of(sent));
    });
}

/// Bytes that lie there fill several buffers with one completion, where the kernel has that.
TEST(ReceiveStream, ABundleTakesOneCompletion) {
    with_ledger(small_buffers(1), []() -> task<void> {
        leased_pair pair;
        const auto bytes = pattern(8 * 256, 9);
        pair.send(bytes);
        const std::uint64_t before = shard::current()->stats().completions;
        std::size_t received = 0;
        for (std::array<buffer_lease, 8> leases; received != bytes.size();) {
            const std::size_t count = value_or_throw(co_await pair.stream.recv_segments(leases));
            for (const buffer_lease& each : std::span(leases).first(count))
                received += each.size();
        }
        const std::uint64_t completions = shard::current()->stats().completions - before;
        if (shard::current()->stream_features().has(feature::bundled_receive)) {
            EXPECT_LE(completions, 2u);
        } else {
            EXPECT_GE(completions, 8u);
        }
    });
}

// --- slow readers --------------------------------------------------------------------------------

/// Whether so many descriptors may be open, once the limit is as high as it may be.
bool may_open(::rlim_t count) {
    ::rlimit limit;
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_max >= count;
}

/// Sends what the kernel takes just now. \return how much that was.
std::size_t send_much(const leased_pair& pair, std::span<const std::byte> bytes) {
    const auto sent = ::send(pair.sockets.second(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    EXPECT_GT(sent, 0);
    return static_cast<std::size_t>(sent);
}

/// Thousands of readers that take one lease and then none hold up nobody else, and keep no more
/// than the pool.
TEST(ReceiveStream, ManySlowReadersKeepNobodyWaiting) {
    const std::size_t readers = may_open(2'500 * 2 + 100) ? 2'500 : 250;
    with_ledger(small_buffers(1), [readers]() -> task<void> {
        const auto much = pattern(5'000, 6);
        std::vector<std::unique_ptr<leased_pair>> slow(readers);
        std::vector<std::size_t> sent;
        for (auto& each : slow) {
            each = std::make_unique<leased_pair>();
            sent.push_back(send_much(*each, much));
            EXPECT_FALSE(value_or_throw(co_await each->stream.next()).empty());
        }
        const buffer_ledger ledger = shard::current()->buffers_in_use()->ledger();
        EXPECT_EQ(ledger.total, 16u);
        EXPECT_EQ(ledger.leased + ledger.with_kernel + ledger.free, ledger.total);
        for (int round = 0; round < 20; ++round) {
            leased_pair quick;
            quick.send(bytes_of("quick"));
            EXPECT_EQ(text_of(value_or_throw(co_await quick.stream.next()).bytes()), "quick");
        }
        for (std::size_t at = 0; at < slow.size(); ++at) {
            slow[at]->end();
            const auto rest = co_await sum_of_leases(slow[at]->stream);
            EXPECT_LT(rest.count(), sent[at]);
            EXPECT_GE(rest.count() + 256, sent[at]);
        }
    });
}

/// With every buffer leased a stream waits, and goes on when one comes home.
TEST(ReceiveStream, WaitsForLeasesToComeHomeAndDoesNotSpin) {
    run_with(small_buffers(1).spin_us(0), []() -> task<void> {
        leased_pair hoarding;
        std::vector<buffer_lease> hoard;
        const buffer_pool& pool = *shard::current()->buffers_in_use();
        while (pool.ledger().leased != pool.ledger().total) {
            const std::byte one{1};
            hoarding.send({&one, 1});
            hoard.push_back(value_or_throw(co_await hoarding.stream.next()));
            // Where buffers are used up piece by piece this takes more than one lease each.
            EXPECT_LE(hoard.size(), 16u * 256);
        }
        leased_pair waiting;
        waiting.send(bytes_of("late"));
        auto reading = value_or_throw(this_shard::spawn([](leased_pair& from) -> task<std::string> {
            const buffer_lease lease = value_or_throw(co_await from.stream.next());
            co_return std::string(text_of(lease.bytes()));
        }(waiting)));
        for (int turns = 0; turns < 100; ++turns)
            co_await yield();
        EXPECT_FALSE(reading.is_done());
        const auto before = this_runtime().stats(0);
        value_or_throw(co_await sleep_for(std::chrono::milliseconds(5)));
        const auto after = this_runtime().stats(0);
        EXPECT_LE(after.kernel_entries - before.kernel_entries, 8u) << "it spins";
        hoard.clear();
        EXPECT_EQ(co_await std::move(reading), "late");
        hoarding.end();
        EXPECT_TRUE(value_or_throw(co_await hoarding.stream.next()).empty());
    });
}

// --- leases go home from everywhere
// ---------------------------------------------------------------

TEST(ReceiveStream, LeasesComeHomeFromOtherShardsAndThreads) {
    with_ledger(small_buffers(2), []() -> task<void> {
        auto ends = co_await connection();
        const auto sent = pattern(300'000, 7);
        auto stream = value_or_throw(receive_stream::open(ends.server.fd()));
        auto sending = value_or_throw(this_shard::spawn(send_to_end(ends.client, sent)));
        std::atomic<std::uint64_t> checked = 0;
        running_sum sum;
        for (unsigned turn = 0;; ++turn) {
            auto lease = value_or_throw(co_await stream.next());
            if (lease.empty())
                break;
            sum.add(lease.bytes());
            // As many under way as there are.
            auto holder = std::make_shared<buffer_lease>(std::move(lease));
            if (turn % 8 == 0) {
                auto check = [&checked, kept = std::move(holder)] { checked += kept->size(); };
                EXPECT_TRUE(co_await spawn_blocking(std::move(check)));
            } else {
                value_or_throw(
                    this_runtime().spawn(placement::pinned(1),
                                         [](std::atomic<std::uint64_t>& count,
                                            std::shared_ptr<buffer_lease> kept) -> task<void> {
                                             count += kept->size();
                                             co_return;
                                         }(checked, std::move(holder))))
                    .detach();
            }
        }
        co_await std::move(sending);
        EXPECT_EQ(sum, sum_of(sent));
        while (checked != sent.size())
            co_await yield();
    });
}

TEST(ReceiveStream, ALeaseOutlivesItsRuntime) {
    std::vector<buffer_lease> kept;
    run_with(shards(1), [&]() -> task<void> {
        leased_pair pair;
        for (const char* text : {"one", "two"}) {
            pair.send(bytes_of(text));
            kept.push_back(value_or_throw(co_await pair.stream.next()));
        }
    });
    EXPECT_EQ(text_of(kept[0].bytes()), "one");
    EXPECT_EQ(text_of(kept[1].bytes()), "two");
}

// --- readers elsewhere, endings
// -------------------------------------------------------------------

TEST(ReceiveStream, AnotherShardMayRead) {
    with_ledger(small_buffers(2), []() -> task<void> {
        auto ends = co_await connection();
        const auto sent = pattern(200'000, 8);
        auto stream = value_or_throw(receive_stream::open(ends.server.fd()));
        auto reading = value_or_throw(
            this_runtime().spawn(placement::pinned(1), [&] { return sum_of_leases(stream); }));
        co_await send_to_end(ends.client, sent);
        EXPECT_EQ(co_await std::move(reading), sum_of(sent));
    });
}

TEST(ReceiveStream, GoesWithWhatWasNotTakenInIt) {
    with_ledger(shards(1), []() -> task<void> {
        const std::size_t before = open_descriptors();
        for (int round = 0; round < 50; ++round) {
            leased_pair pair;
            pair.send(bytes_of("a"));
            (void)value_or_throw(co_await pair.stream.next());
            pair.send(bytes_of("not taken"));
            for (int turns = round % 3; turns > 0; --turns)
                co_await yield();
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST(ReceiveStream, AfterRequestEndNoByteIsMissing) {
    with_ledger(small_buffers(1), []() -> task<void> {
        for (unsigned turns = 0; turns < 6; ++turns) {
            leased_pair pair;
            const auto sent = pattern(3000, turns);
            pair.send(sent);
            running_sum sum;
            sum.add(value_or_throw(co_await pair.stream.next()).bytes());
            for (unsigned turn = 0; turn < turns; ++turn)
                co_await yield();
            pair.stream.request_end();
            for (;;) {
                const buffer_lease lease = value_or_throw(co_await pair.stream.next());
                if (lease.empty())
                    break;
                sum.add(lease.bytes());
            }
            // The rest is still in the socket.
            pair.end();
            std::array<std::byte, 512> buffer;
            for (ssize_t count = 1; count > 0;
                 sum.add(std::span(buffer).first(static_cast<std::size_t>(count))))
                count = ::recv(pair.sockets.first(), buffer.data(), buffer.size(), 0);
            EXPECT_EQ(sum, sum_of(sent));
        }
    });
}

TEST(ReceiveStream, TheEndIsAnswerToOneWhoWaits) {
    with_ledger(shards(1), []() -> task<void> {
        leased_pair pair;
        auto reading = value_or_throw(this_shard::spawn(sum_of_leases(pair.stream)));
        co_await yield();
        pair.stream.request_end();
        EXPECT_EQ((co_await std::move(reading)).count(), 0u);
    });
}

TEST(ReceiveStream, AResetIsAnError) {
    with_ledger(shards(1), []() -> task<void> {
        auto pair = value_or_throw(testing::socket_pair::tcp());
        auto stream = value_or_throw(receive_stream::open(pair.first()));
        const ::linger now{1, 0};
        const int peer = pair.release_second();
        ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        ::close(peer);
        const auto answer = co_await stream.next();
        EXPECT_EQ(answer.error(), std::errc::connection_reset);
        EXPECT_TRUE(value_or_throw(co_await stream.next()).empty());
    });
}

TEST(ReceiveStream, WhatIsNoSocketIsAnError) {
    with_ledger(shards(1), []() -> task<void> {
        auto stream = value_or_throw(receive_stream::open(-1));
        const auto answer = co_await stream.next();
        EXPECT_EQ(answer.error(), std::errc::bad_file_descriptor);
    });
}

}  // namespace
}  // namespace spargio::net_test
